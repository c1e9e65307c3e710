using Mistral.Ilgpu.Constraints.Machine;
using Mistral.Ilgpu.Constraints.Tokens;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Constraints;

/// <summary>
/// How far one text has come in a <see cref="Constraint"/>. The tokens that may follow are found beside the pass that computes
/// their logits. For one thread.
/// </summary>
/// <param name="dropsFirstSpace">Whether a space that the text begins with is no part of it.</param>
internal sealed class ConstraintMatcher(CompiledConstraint constraint, TextTokenizer tokenizer, bool dropsFirstSpace)
{
    private readonly TokenTrie _trie = TokenTrie.Of(tokenizer);
    private MachineState _state = dropsFirstSpace ? constraint.StartBehindSpace : constraint.Start;
    private Task<TokenMask>? _mask;

    /// <summary>Whether the text may end here.</summary>
    public bool IsComplete => _state.IsComplete;

    /// <summary>Whether nothing may follow.</summary>
    private bool HasEnded => _state.Branches.Length == 0;

    /// <summary>The tokens that may follow, without those that end a text. It is not to be changed.</summary>
    public TokenMask Mask()
    {
        var mask = _mask is null ? constraint.MaskOf(_state, _trie) : _mask.GetAwaiter().GetResult();
        _mask = null;
        return mask;
    }

    /// <summary>Begins to find the tokens that may follow.</summary>
    public void Prepare()
    {
        if (_state.Mask is null)
        {
            var state = _state;
            _mask = Task.Run(() => constraint.MaskOf(state, _trie));
        }
    }

    /// <summary>Sets the logits of tokens that may not follow to −∞.</summary>
    /// <param name="endIds">Tokens that end a text, which may follow where the text may end.</param>
    /// <exception cref="ArgumentException">The constraint has grown past its limits.</exception>
    /// <exception cref="ArithmeticException">No token may follow.</exception>
    public void Apply(Span<float> logits, IReadOnlyCollection<int> endIds)
    {
        Span<float> ends = stackalloc float[endIds.Count];
        int at = 0;
        foreach (int id in endIds)
        {
            ends[at++] = logits[id];
        }

        var mask = Mask();
        if (!IsComplete && mask.Count == 0)
        {
            throw new ArithmeticException("no token of the vocabulary goes on with the form that the text must have");
        }

        mask.Apply(logits);
        at = 0;
        foreach (int id in endIds)
        {
            logits[id] = IsComplete ? ends[at] : float.NegativeInfinity;
            at++;
        }
    }

    /// <summary>Takes a token that may follow.</summary>
    /// <returns>Whether nothing may follow it.</returns>
    public bool Accept(int id)
    {
        if (!TryAccept(id))
        {
            throw new InvalidOperationException($"token {id} leaves the form of the text");
        }

        if (!HasEnded)
        {
            Prepare();
        }

        return HasEnded;
    }

    /// <summary>Takes a token.</summary>
    /// <returns>Whether it may follow; if not, the text stays as it was.</returns>
    public bool TryAccept(int id)
    {
        var next = tokenizer.TextBytesOf(id) is { Length: > 0 } bytes
            ? constraint.Step(_state, bytes)
            : constraint.StepControl(_state, id);
        _state = next.IsDead ? _state : next;
        return !next.IsDead;
    }
}

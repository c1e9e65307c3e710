using Mistral.Ilgpu.Constraints.Machine;
using Mistral.Ilgpu.Constraints.Tokens;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Constraints;

/// <summary>How far one text has come in a <see cref="Constraint"/>. For one thread.</summary>
internal sealed class ConstraintMatcher(CompiledConstraint constraint, TextTokenizer tokenizer)
{
    private readonly TokenTrie _trie = TokenTrie.Of(tokenizer);
    private MachineState _state = constraint.Start;

    /// <summary>Whether the text may end here.</summary>
    public bool IsComplete => _state.IsComplete;

    /// <summary>Whether nothing may follow.</summary>
    public bool HasEnded => _state.Branches.Length == 0;

    /// <summary>The tokens that may follow, without those that end a text. It is not to be changed.</summary>
    public TokenMask Mask() => constraint.MaskOf(_state, _trie);

    /// <summary>Takes a token.</summary>
    /// <returns>Whether it may follow; if not, the text stays as it was.</returns>
    public bool Accept(int id)
    {
        if (tokenizer.TextBytesOf(id) is not { Length: > 0 } bytes || constraint.Step(_state, bytes) is not { IsDead: false } next)
        {
            return false;
        }

        _state = next;
        return true;
    }
}

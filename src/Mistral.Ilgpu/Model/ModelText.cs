using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// One text on a model, for callers that need only one. <see cref="Forward(ReadOnlySpan{int}, CancellationToken)"/> computes
/// its next tokens, any number of them. The logits of the last token are then on the device.
/// </summary>
internal sealed class ModelText(MistralModel model) : IDisposable
{
    private readonly Batch _batch = new();
    private Sequence? _sequence;

    public MistralModel Model => model;

    /// <summary>The number of tokens so far.</summary>
    public int Position => _sequence?.Position ?? 0;

    /// <summary>Discards the text. The next token is the first of a new text.</summary>
    public void Reset()
    {
        _sequence?.Dispose();
        _sequence = null;
    }

    /// <summary>
    /// Computes the next tokens of the text. One token that continues it is decoded; others are computed in chunks as a prompt.
    /// </summary>
    /// <exception cref="ContextFullException">The text would be longer than the context.</exception>
    public void Forward(ReadOnlySpan<int> ids, CancellationToken cancellation = default) =>
        Forward(ids, TokenChoice.Likeliest, cancellation);

    /// <summary>
    /// Computes the next tokens of the text. One token that continues it is decoded; others are computed in chunks as a prompt.
    /// A cancellation takes effect between chunks or between the steps of a chunk. The text then keeps the tokens computed so
    /// far, or is empty if it had exceeded its window.
    /// </summary>
    /// <param name="choice">How <see cref="Choose"/> chooses the token after them.</param>
    /// <exception cref="ContextFullException">The text would be longer than the context.</exception>
    public void Forward(ReadOnlySpan<int> ids, TokenChoice choice, CancellationToken cancellation = default)
    {
        Admit(ids);
        if (ids.Length == 1 && Position > 0)
        {
            _batch.Clear();
            _batch.Decode(Open(), ids[0], choice);
            Forward(cancellation);
            return;
        }

        int[] all = ids.ToArray();
        for (int done = 0; done < all.Length;)
        {
            int count = model.ChunkLength(Position, all.Length - done);
            _batch.Clear();
            _batch.Prefill(Open(), all.AsMemory(done, count), wantsLogits: done + count == all.Length, choice);
            Forward(cancellation);
            done += count;
        }
    }

    /// <summary>Computes the next tokens of the text and reports the logits of each, in order.</summary>
    /// <param name="onLogits">Receives the token's index in <paramref name="ids"/> and its logits, which are valid only during
    /// the call.</param>
    public void Score(ReadOnlySpan<int> ids, Action<int, float[]> onLogits, CancellationToken cancellation = default)
    {
        Admit(ids);
        int[] all = ids.ToArray();
        var logits = new float[model.Config.VocabularySize];
        for (int done = 0; done < all.Length;)
        {
            int count = model.ChunkLength(Position, all.Length - done);
            _batch.Clear();
            _batch.Prefill(Open(), all.AsMemory(done, count), wantsLogits: false);
            Forward(cancellation);
            int before = done;
            model.Score(0, count, logits, row => onLogits(before + row, logits));
            done += count;
        }
    }

    /// <summary>The likeliest next token, chosen on the device. Waits for the result.</summary>
    public int ArgMax() => model.ArgMax()[0];

    /// <summary>
    /// The next token, chosen as specified with the last one. Waits for the result (see <see cref="MistralModel.Choose"/>).
    /// </summary>
    public int Choose() => model.Choose(0);

    /// <summary>Copies the logits of the last token to the host. Waits for them.</summary>
    public void ReadLogits(Span<float> logits) => model.ReadLogits(0, logits);

    public void Dispose() => Reset();

    private void Forward(CancellationToken cancellation)
    {
        try
        {
            model.Forward(_batch, cancellation);
        }
        catch when (_sequence!.IsBroken)
        {
            Reset();
            throw;
        }
    }

    private Sequence Open() =>
        _sequence ??= model.TryOpen() ?? throw new InvalidOperationException("no room in the cache for one more text");

    // Before the first chunk, so that a text that does not fit is not started.
    private void Admit(ReadOnlySpan<int> ids)
    {
        if (Position + (long)ids.Length > (model.Context ?? int.MaxValue))
        {
            throw new ContextFullException(model.Context ?? int.MaxValue, Position + (long)ids.Length);
        }

        foreach (int id in ids)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)model.Config.VocabularySize, nameof(ids));
        }
    }
}

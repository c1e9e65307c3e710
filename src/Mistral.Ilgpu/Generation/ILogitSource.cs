using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Generation;

/// <summary>What generation needs of a model: the text it has read so far, and the logits of what may follow.</summary>
public interface ILogitSource
{
    int VocabularySize { get; }

    /// <summary>Longest text in tokens; null for no limit.</summary>
    int? Context { get; }

    /// <summary>Tokens of the text so far.</summary>
    int Position { get; }

    /// <summary>Takes the text's next tokens.</summary>
    void Forward(ReadOnlySpan<int> ids, CancellationToken cancellation);

    /// <summary>The most likely next token, the lowest id of equally likely ones.</summary>
    int ArgMax();

    /// <summary>Copies the logits of the last token.</summary>
    void ReadLogits(Span<float> logits);
}

internal sealed class ModelLogits(ModelText text) : ILogitSource
{
    public int VocabularySize => text.Model.Config.VocabularySize;

    public int? Context => text.Model.Context;

    public int Position => text.Position;

    public void Forward(ReadOnlySpan<int> ids, CancellationToken cancellation) => text.Forward(ids, cancellation);

    public int ArgMax() => text.ArgMax();

    public void ReadLogits(Span<float> logits) => text.ReadLogits(logits);
}

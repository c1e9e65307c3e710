namespace Mistral.Ilgpu.Generation;

/// <summary>What generation needs of a model: the text it has read so far, and the logits of what may follow.</summary>
internal interface ILogitSource
{
    int VocabularySize { get; }

    /// <summary>Longest text in tokens; null for no limit.</summary>
    int? Context { get; }

    /// <summary>Tokens of the text so far.</summary>
    int Position { get; }

    /// <summary>Takes the text's next tokens.</summary>
    /// <param name="choice">How <see cref="Choose"/> chooses the one after them.</param>
    void Forward(ReadOnlySpan<int> ids, TokenChoice choice, CancellationToken cancellation);

    /// <summary>The next token, chosen as was asked with the last.</summary>
    /// <exception cref="ArithmeticException">It cannot be drawn, for the logits are no numbers.</exception>
    int Choose();

    /// <summary>Copies the logits of the last token.</summary>
    void ReadLogits(Span<float> logits);

    /// <summary>Takes note that a continuation has ended.</summary>
    void End()
    {
    }
}

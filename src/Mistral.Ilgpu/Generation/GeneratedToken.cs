namespace Mistral.Ilgpu.Generation;

/// <summary>A step of a text as it is generated.</summary>
/// <param name="Id">The token chosen; null where text that was held back follows the last token.</param>
/// <param name="Text">What is certain now; empty while a character or a stop string may still be under way.</param>
public readonly record struct GeneratedToken(int? Id, string Text)
{
    /// <summary>How probable the model finds the token; null unless <see cref="GenerationOptions.TopLogProbabilities"/> asks for
    /// it.</summary>
    public double? LogProbability { get; init; }

    /// <summary>The likeliest tokens in its place, likeliest first; null unless asked for.</summary>
    public IReadOnlyList<TokenLogProbability>? TopLogProbabilities { get; init; }
}

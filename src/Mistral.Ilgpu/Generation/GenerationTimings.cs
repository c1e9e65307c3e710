namespace Mistral.Ilgpu.Generation;

/// <summary>Where the time went.</summary>
/// <param name="PrefillTokens">Tokens of the prompt that the model had to read.</param>
/// <param name="PrefillTime">Until the first token was chosen.</param>
/// <param name="DecodeTokens">Tokens chosen after the first, each from a pass of its own; one that ended the text counts.</param>
/// <param name="FirstTokenTime">From the start until the first token was handed out.</param>
public readonly record struct GenerationTimings(
    int PrefillTokens, TimeSpan PrefillTime, int DecodeTokens, TimeSpan DecodeTime, TimeSpan FirstTokenTime);

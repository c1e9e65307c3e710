namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>What became of a text.</summary>
/// <param name="Begun">Seconds from the start of the run to its submission, and so with the other times.</param>
/// <param name="Events">When each part of the answer came. A part may have several tokens.</param>
/// <param name="PromptTokens">Tokens of the prompt.</param>
/// <param name="CachedTokens">Tokens of the prompt that were in the cache.</param>
/// <param name="Tokens">Tokens generated.</param>
internal sealed record TextTimes(
    double Begun, IReadOnlyList<double> Events, double Ended, int PromptTokens, int CachedTokens, int Tokens);

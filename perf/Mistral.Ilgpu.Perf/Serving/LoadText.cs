namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>A text of a workload.</summary>
/// <param name="Arrival">Seconds from the start of the run to its submission.</param>
/// <param name="MaxTokens">How many tokens are generated, exactly.</param>
internal sealed record LoadText(double Arrival, int[] PromptIds, int MaxTokens);

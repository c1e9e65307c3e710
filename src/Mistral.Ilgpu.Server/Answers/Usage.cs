using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Server.Answers;

/// <summary>Numbers of tokens as OpenAI's API has them.</summary>
internal sealed record Usage(
    int PromptTokens, int CompletionTokens, int TotalTokens, Usage.PromptDetails PromptTokensDetails,
    Usage.CompletionDetails? CompletionTokensDetails = null)
{
    /// <summary>The tokens of a request. A prompt with several answers counts once.</summary>
    /// <param name="count">Answers to each prompt; those to one prompt follow each other.</param>
    public static Usage Of(IReadOnlyList<TextGeneration> texts, int count, int? reasoning = null) => Of(
        texts.Where((_, index) => index % count == 0).Sum(text => text.PromptIds.Count), texts.Sum(text => text.Ids.Count),
        texts.Where((_, index) => index % count == 0).Sum(text => text.CachedTokens), reasoning);

    public static Usage Of(int prompt, int completion, int cached, int? reasoning) => new(
        prompt, completion, prompt + completion, new PromptDetails(cached),
        reasoning is null ? null : new CompletionDetails(reasoning.Value));

    internal sealed record PromptDetails(int CachedTokens);

    internal sealed record CompletionDetails(int ReasoningTokens);
}

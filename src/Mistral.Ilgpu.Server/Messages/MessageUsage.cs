using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Server.Messages;

/// <summary>Numbers of tokens. Those of the prompt that were in the cache are not among <paramref name="InputTokens"/>.</summary>
internal sealed record MessageUsage(int InputTokens, int OutputTokens, int CacheReadInputTokens)
{
    public int CacheCreationInputTokens { get; }

    public static MessageUsage Of(TextGeneration text) =>
        new(text.PromptIds.Count - text.CachedTokens, text.Ids.Count, text.CachedTokens);
}

using System.Diagnostics;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>The engine alone, in this process.</summary>
internal sealed class EngineTarget(LanguageModel model) : ILoadTarget
{
    /// <inheritdoc/>
    public async Task<TextTimes> RunAsync(LoadText text, Stopwatch clock)
    {
        double begun = clock.Elapsed.TotalSeconds;
        List<double> events = new(text.MaxTokens);
        var generation = model.Engine.Submit(new TextRequest(text.PromptIds)
        {
            Options = new GenerationOptions { MaxTokens = text.MaxTokens, IgnoreEos = true },
        });
        await foreach (var _ in generation.ConfigureAwait(false))
        {
            events.Add(clock.Elapsed.TotalSeconds);
        }

        await generation.Completion.ConfigureAwait(false);
        return new TextTimes(
            begun, events, clock.Elapsed.TotalSeconds, text.PromptIds.Length, generation.CachedTokens, generation.Ids.Count);
    }
}

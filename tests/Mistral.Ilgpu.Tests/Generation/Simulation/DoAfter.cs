using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Tests.Generation.Simulation;

/// <summary>Does something on the engine's thread once so many tokens are generated. The logits stay as they are.</summary>
internal sealed class DoAfter(int tokens, Action action) : ILogitProcessor
{
    public void Process(ReadOnlySpan<int> ids, int promptLength, Span<float> logits)
    {
        if (ids.Length - promptLength == tokens)
        {
            action();
        }
    }
}

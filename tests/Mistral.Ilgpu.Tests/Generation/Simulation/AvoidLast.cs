using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Tests.Generation.Simulation;

/// <summary>Makes the last token unlikely.</summary>
internal sealed class AvoidLast : ILogitProcessor
{
    public void Process(ReadOnlySpan<int> ids, int promptLength, Span<float> logits) => logits[ids[^1]] -= 2;
}

using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Measurement;

/// <summary>What was measured in one repetition.</summary>
/// <param name="Cost">What the passes moved and computed, by their steps' own figures.</param>
internal readonly record struct BenchSample(int Tokens, TimeSpan Time, StepCost Cost)
{
    public double TokensPerSecond => Tokens / Time.TotalSeconds;

    public double BytesPerSecond => Cost.Bytes / Time.TotalSeconds;
}

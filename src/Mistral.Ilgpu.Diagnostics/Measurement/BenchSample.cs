using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Measurement;

/// <summary>The measurement of one repetition.</summary>
/// <param name="Cost">The bytes and operations of the passes by their steps' formulas.</param>
internal readonly record struct BenchSample(int Tokens, TimeSpan Time, StepCost Cost)
{
    public double TokensPerSecond => Tokens / Time.TotalSeconds;

    public double BytesPerSecond => Cost.Bytes / Time.TotalSeconds;
}

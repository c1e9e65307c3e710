using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>One run of a step, in times of <see cref="StreamClock.Now"/>.</summary>
internal sealed record StepTiming(Step Step, TimeSpan Begin, TimeSpan End, StepCost Cost)
{
    public TimeSpan Time => End - Begin;
}

using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>One run of a step, in times of <see cref="StreamClock.Now"/>.</summary>
/// <param name="Device">The id of the device that ran it.</param>
internal sealed record StepTiming(Step Step, string Device, TimeSpan Begin, TimeSpan End, StepCost Cost)
{
    public TimeSpan Time => End - Begin;
}

using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>The times of one pass, from the start of its preparation on the host until the host has the chosen token.</summary>
/// <param name="Steps">The steps in the order of the stream; at least one.</param>
internal sealed record PassTiming(Pass Pass, TimeSpan Begin, TimeSpan End, IReadOnlyList<StepTiming> Steps)
{
    public bool IsPrefill => Pass.PrefillCount > 0;

    public TimeSpan Time => End - Begin;

    /// <summary>The time in which kernels ran.</summary>
    public TimeSpan KernelTime { get; } = Steps.Sum(step => step.Time);

    /// <summary>The time between the end of a step and the start of the next, by the device's clock.</summary>
    public TimeSpan GapTime { get; } = Steps.Zip(Steps.Skip(1), (step, next) => next.Begin - step.End).Sum(gap => gap);

    /// <summary>
    /// The time before the first step and after the last: packing the batch, and copying it to the device and the token back.
    /// </summary>
    // If the clocks differed, one of the two terms would be negative, and would then hide a part of the other.
    public TimeSpan HostTime => Positive(Steps[0].Begin - Begin) + Positive(End - Steps[^1].End);

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}

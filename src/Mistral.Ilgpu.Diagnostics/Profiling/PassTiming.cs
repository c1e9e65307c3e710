using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>One pass, from the host's first thought of it until it has the chosen token.</summary>
/// <param name="Steps">In the order of the stream, at least one.</param>
internal sealed record PassTiming(Pass Pass, TimeSpan Begin, TimeSpan End, IReadOnlyList<StepTiming> Steps)
{
    public bool IsPrefill => Pass.PrefillCount > 0;

    public TimeSpan Time => End - Begin;

    /// <summary>While kernels ran.</summary>
    public TimeSpan KernelTime { get; } = Steps.Sum(step => step.Time);

    /// <summary>Between the end of a step and the begin of the next, on the device's clock.</summary>
    public TimeSpan GapTime { get; } = Steps.Zip(Steps.Skip(1), (step, next) => next.Begin - step.End).Sum(gap => gap);

    /// <summary>Before the first step and after the last: packing the batch, copying it there and the token back.</summary>
    // Were the two clocks apart, one of these would be negative; it must not hide that by making up for the other.
    public TimeSpan HostTime => Positive(Steps[0].Begin - Begin) + Positive(End - Steps[^1].End);

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}

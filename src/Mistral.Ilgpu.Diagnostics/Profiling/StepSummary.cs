using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>All runs of one kind of step on one device in one phase.</summary>
/// <param name="phaseTime">The wall clock of the phase.</param>
internal sealed class StepSummary(string name, string device, IReadOnlyList<StepTiming> runs, TimeSpan phaseTime)
{
    private readonly TimeSpan[] _sorted = [.. runs.Select(run => run.Time).Order()];

    public string Name => name;

    /// <summary>The id of the device that ran them.</summary>
    public string Device => device;

    public int Calls => _sorted.Length;

    public TimeSpan Median => Quantile(0.5);

    public TimeSpan P95 => Quantile(0.95);

    /// <summary>The time of all runs.</summary>
    public TimeSpan Time { get; } = runs.Sum(run => run.Time);

    /// <summary>The bytes and operations of all runs.</summary>
    public StepCost Cost { get; } = runs.Select(run => run.Cost).Aggregate((all, one) => all + one);

    /// <summary>The fraction of the phase's wall clock.</summary>
    public double Share => Time / phaseTime;

    public double BytesPerSecond => Cost.Bytes / Time.TotalSeconds;

    public double OperationsPerSecond => Cost.Operations / Time.TotalSeconds;

    // The shortest time that is not exceeded by this fraction of the runs.
    private TimeSpan Quantile(double part) => _sorted[Math.Max(0, (int)Math.Ceiling(part * _sorted.Length) - 1)];
}

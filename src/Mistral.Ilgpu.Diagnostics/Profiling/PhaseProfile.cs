namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>The sum of all passes of one kind.</summary>
internal sealed class PhaseProfile(string name, IReadOnlyList<PassTiming> passes)
{
    public string Name => name;

    public IReadOnlyList<PassTiming> Passes => passes;

    /// <summary>The wall clock of the passes, without reading the marks between them.</summary>
    public TimeSpan WallTime { get; } = passes.Sum(pass => pass.Time);

    public TimeSpan KernelTime { get; } = passes.Sum(pass => pass.KernelTime);

    public TimeSpan GapTime { get; } = passes.Sum(pass => pass.GapTime);

    public TimeSpan HostTime { get; } = passes.Sum(pass => pass.HostTime);

    /// <summary>The fraction of the wall clock that kernels, gaps and host explain.</summary>
    public double Explained => (KernelTime + GapTime + HostTime) / WallTime;

    /// <summary>The pass of median time.</summary>
    public PassTiming MedianPass => passes.OrderBy(pass => pass.Time).ElementAt(passes.Count / 2);

    /// <summary>The time of each kind of step on each device, in the order of the graph.</summary>
    /// <param name="byLayer">Whether to separate the same step of different layers.</param>
    public IReadOnlyList<StepSummary> Steps(bool byLayer = false) =>
    [
        .. passes.SelectMany(pass => pass.Steps)
            .GroupBy(step => (Name: byLayer ? step.Step.Name : step.Step.Kind, step.Device))
            .Select(runs => new StepSummary(runs.Key.Name, runs.Key.Device, [.. runs], WallTime)),
    ];
}

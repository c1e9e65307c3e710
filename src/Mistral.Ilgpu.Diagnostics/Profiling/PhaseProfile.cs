namespace Mistral.Ilgpu.Diagnostics.Profiling;

/// <summary>Passes of one kind, summed.</summary>
internal sealed class PhaseProfile(string name, IReadOnlyList<PassTiming> passes)
{
    public string Name => name;

    public IReadOnlyList<PassTiming> Passes => passes;

    /// <summary>The wall clock of the passes, without the reading of the marks between them.</summary>
    public TimeSpan WallTime { get; } = passes.Sum(pass => pass.Time);

    public TimeSpan KernelTime { get; } = passes.Sum(pass => pass.KernelTime);

    public TimeSpan GapTime { get; } = passes.Sum(pass => pass.GapTime);

    public TimeSpan HostTime { get; } = passes.Sum(pass => pass.HostTime);

    /// <summary>Kernels, gaps and host, over the wall clock that they explain.</summary>
    public double Explained => (KernelTime + GapTime + HostTime) / WallTime;

    /// <summary>The pass that as many were slower than as were faster.</summary>
    public PassTiming MedianPass => passes.OrderBy(pass => pass.Time).ElementAt(passes.Count / 2);

    /// <summary>What each kind of step took, in the order of the graph.</summary>
    /// <param name="byLayer">Whether the same step of two layers is two.</param>
    public IReadOnlyList<StepSummary> Steps(bool byLayer = false) =>
    [
        .. passes.SelectMany(pass => pass.Steps)
            .GroupBy(step => byLayer ? step.Step.Name : step.Step.Kind)
            .Select(runs => new StepSummary(runs.Key, [.. runs], WallTime)),
    ];
}

using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>
/// Passes of decoded tokens on OpenCL CPUs; declines others. Launching a kernel takes longer there than many steps run, so the
/// steps of a layer are one launch (see <see cref="Chain{TLinks}"/>). Chained steps compute the same bits as single ones.
/// The first passes measure how many workers should share a launch. Half of the cores may read memory as fast as all of them.
/// If other programs use the cores, waiting for a worker takes longer than separate launches.
/// </summary>
internal sealed class ChainedPasses : IPassRunner
{
    // Shorter texts do not save as much time as compiling takes.
    private const int PassesBefore = 24;

    // Stands for launching the steps one by one.
    private const int NoWorkers = 0;

    private readonly ComputeDevice _device;
    private readonly LayerGraph _graph;
    private readonly int _longestWindow;
    private readonly int _splitTiles;
    private readonly DeviceBuffer<int> _counters;
    private readonly Action<int> _launch;
    private readonly ChainedSteps _plain;
    private readonly Dictionary<ulong, ChainedSteps> _adapted = [];
    private readonly List<Task> _retiring = [];
    private int _passes;
    private Pass? _pass;

    /// <param name="splitTiles">See <see cref="Families.Family.SplitTiles"/>.</param>
    public ChainedPasses(BoundPlan plan, int splitTiles)
    {
        var device = plan.Device;
        (_device, _graph, _longestWindow, _splitTiles) = (device, plan.Graph, plan.LongestWindow, splitTiles);
        var steps = _graph.Steps;
        // Adapters have no links, so passes with them have no more.
        int links = steps.Sum(step => Math.Max(step.Links(false)?.Count ?? 0, step.Links(true)?.Count ?? 0));
        _counters = device.Allocate<int>((long)Math.Max(1, links) * Workers.CounterInts, "the counters of chained steps");
        int cores = device.Info.ComputeUnits;
        // The bytes of a pass identify the size of a model.
        long passBytes = steps.Sum(step => step.Cost(new Pass(1, 0, 1)).Bytes);
        WorkerCount = new MeasuredChoice(
            cores > 1 ? [cores, cores / 2, NoWorkers] : [cores, NoWorkers], device.CacheFile($"workers-{passBytes}", ".txt"));
        _launch = workers => LaunchChains(_pass!, workers);
        _plain = new ChainedSteps(device, steps, _counters.View);
    }

    /// <summary>The number of workers that share a launch.</summary>
    internal MeasuredChoice WorkerCount { get; }

    public bool IsSettled => WorkerCount.Chosen is not null;

    public IReadOnlyList<int> Trials =>
        WorkerCount.Chosen == NoWorkers ? [] : FirstSplitPosition is { } position ? [0, position] : [0];

    /// <summary>Whether all chains that passes can use are compiled.</summary>
    public bool IsPrepared =>
        _plain.AreBuilt(isSplit: false) && (FirstSplitPosition is null || _plain.AreBuilt(isSplit: true));

    // The first position with split attention; null if the window is too short for one.
    private int? FirstSplitPosition =>
        Enumerable.Range(0, (_longestWindow / TileLayout.Length) + 1).Select(tile => (int?)(tile * TileLayout.Length))
        .FirstOrDefault(position => DecodeSplits.Count(position!.Value, _longestWindow, _splitTiles) > 1);

    // If chains cannot be compiled, steps are launched one by one.
    public void Prepare(CancellationToken cancellation)
    {
        _passes = PassesBefore;
        try
        {
            bool[] kinds = FirstSplitPosition is null ? [false] : [false, true];
            var chains = Task.WhenAll(kinds.Select(_plain.Of));
            chains.WaitAsync(cancellation).GetAwaiter().GetResult();
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            // The first pass that needs the chains reports the failure.
        }
    }

    // Does nothing unless the chains are compiled. Their first launch makes the driver compile machine code.
    public void TryOut(Pass pass)
    {
        if (ChainsOf(pass).IsCompletedSuccessfully)
        {
            LaunchChains(pass, _device.Info.ComputeUnits);
        }
    }

    // Launches steps one by one until the chains are compiled, which runs concurrently with the first passes.
    public PassOutcome Run(Pass pass, CancellationToken cancellation)
    {
        if (pass is not { PrefillCount: 0, DecodeCount: > 0, IsScoring: false })
        {
            return PassOutcome.Declined;
        }

        if (WorkerCount.Chosen == NoWorkers || ++_passes <= PassesBefore || !AreBuilt(ChainsOf(pass)))
        {
            LaunchSteps(pass);
        }
        else if (WorkerCount.Chosen is null && pass.DecodeCount > 1)
        {
            // Times of passes of different sizes cannot be compared.
            LaunchChains(pass, _device.Info.ComputeUnits);
        }
        else
        {
            _pass = pass;
            WorkerCount.Run(_device, _launch);
        }

        return PassOutcome.Launched;
    }

    public void Forget(ulong adapters)
    {
        _retiring.RemoveAll(task => task.IsCompleted);
        foreach (var (mask, chains) in _adapted.Where(pair => (pair.Key & adapters) != 0).ToList())
        {
            _adapted.Remove(mask);
            // Waits for a chain that is being compiled.
            _retiring.Add(Task.Run(chains.Dispose));
        }
    }

    private bool AreBuilt(Task chains)
    {
        if (chains is { IsCompleted: true, IsCompletedSuccessfully: false })
        {
            WorkerCount.Chosen = NoWorkers;
            string reason = chains.Exception?.InnerException?.Message.ReplaceLineEndings(" ") ?? "cancelled";
            _device.Tell($"tokens are launched step by step, because their steps cannot be chained: {reason}");
        }

        return chains.IsCompletedSuccessfully;
    }

    private void LaunchSteps(Pass pass)
    {
        foreach (var step in _graph.With(pass.Adapters).Steps)
        {
            step.Launch(pass);
        }
    }

    private void LaunchChains(Pass pass, int workers)
    {
        if (workers == NoWorkers)
        {
            LaunchSteps(pass);
            return;
        }

        _counters.View.MemSetToZero(_device.Stream);
        foreach (var launch in ChainsOf(pass).GetAwaiter().GetResult())
        {
            launch(pass, workers);
        }
    }

    private Task<List<Action<Pass, int>>> ChainsOf(Pass pass)
    {
        var chains = _plain;
        if (pass.Adapters != 0 && !_adapted.TryGetValue(pass.Adapters, out chains))
        {
            _adapted[pass.Adapters] = chains = new ChainedSteps(_device, _graph.With(pass.Adapters).Steps, _counters.View);
        }

        return chains.Of(IsSplit(pass));
    }

    public void Dispose()
    {
        Forget(ulong.MaxValue);
        _plain.Dispose();
        Task.WaitAll(_retiring);
        _counters.Dispose();
    }

    // Texts of one split have a kernel of their own. Its sums have the same order as in the one for several.
    private bool IsSplit(Pass pass)
    {
        for (int i = 0; i < pass.Spans.Count; i++)
        {
            if (DecodeSplits.Count(pass.Spans[i].StartPosition, _longestWindow, _splitTiles) > 1)
            {
                return true;
            }
        }

        return false;
    }
}

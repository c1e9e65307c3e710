using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>
/// A graph for passes of decoded tokens on OpenCL CPUs, where putting a kernel on the cores costs more than many a step takes:
/// the steps of a layer are one launch, see <see cref="Chain{TLinks}"/>. They compute what they compute one by one, bit for bit.
/// How many workers share a launch is measured in the first passes: half the cores may read memory as fast as all do, and where
/// others want them too, waiting for a worker costs more than launches.
/// </summary>
public sealed class StepChains : IDisposable
{
    // Texts that end sooner do not make up for what compiling takes.
    private const int PassesBefore = 24;

    // In place of a number of workers: the steps are launched one by one.
    private const int NoWorkers = 0;

    private readonly Device _device;
    private readonly IReadOnlyList<Step> _steps;
    private readonly BoundLaunches _owner;
    private readonly int _longestWindow;
    private readonly int _splitTiles;
    private readonly DeviceBuffer<int> _counters;
    private readonly Action<int> _launch;
    private readonly Action<string> _onSlower;
    private readonly Lazy<Task<List<Action<Pass, int>>>> _whole;
    private readonly Lazy<Task<List<Action<Pass, int>>>> _split;
    private int _passes;
    private Pass? _pass;
    private volatile bool _isStopped;

    private StepChains(Device device, IReadOnlyList<Step> steps, int longestWindow, BoundLaunches owner, Action<string> onSlower)
    {
        (_device, _onSlower) = (device, onSlower);
        _steps = steps;
        _owner = owner;
        _longestWindow = longestWindow;
        _splitTiles = Family.Of(device).SplitTiles;
        int links = steps.Sum(step => Math.Max(step.Links(false)?.Count ?? 0, step.Links(true)?.Count ?? 0));
        _counters = device.Allocate<int>((long)Math.Max(1, links) * Workers.CounterInts, "the counters of chained steps");
        int cores = device.Info.ComputeUnits;
        // As good a name for the size of a model as any.
        long passBytes = steps.Sum(step => step.Cost(new Pass(1, 0, 1)).Bytes);
        WorkerCount = new MeasuredChoice(
            cores > 1 ? [cores, cores / 2, NoWorkers] : [cores, NoWorkers], UserCache.FileFor($"workers-{passBytes}", device, ".txt"));
        _launch = workers => LaunchChains(_pass!, workers);
        _whole = new(() => Task.Run(() => Build(isSplit: false)));
        _split = new(() => Task.Run(() => Build(isSplit: true)));
    }

    /// <summary>Chains of a graph's steps, or null where launches are cheap.</summary>
    /// <param name="longestWindow">Of all layers, in positions.</param>
    /// <param name="owner">Of the launches.</param>
    /// <param name="onSlower">Is told, once, if they cannot be compiled.</param>
    internal static StepChains? Of(
        Device device, IReadOnlyList<Step> steps, int longestWindow, BoundLaunches owner, Action<string> onSlower) =>
        Family.Of(device).ChainsSteps ? new StepChains(device, steps, longestWindow, owner, onSlower) : null;

    /// <summary>Whether a pass can go through the chains.</summary>
    public static bool Takes(Pass pass) => pass is { PrefillCount: 0, DecodeCount: > 0, IsScoring: false };

    /// <summary>How many workers share a launch.</summary>
    internal MeasuredChoice WorkerCount { get; }

    /// <summary>Whether passes may go through them, as far as is known.</summary>
    public bool AreWanted => WorkerCount.Chosen != NoWorkers;

    /// <summary>Whether all that passes can go through are compiled.</summary>
    public bool IsPrepared => IsBuilt(_whole) && (FirstSplitPosition is null || IsBuilt(_split));

    /// <summary>The first position whose attention is split; null where no text has one.</summary>
    public int? FirstSplitPosition => Enumerable.Range(0, (_longestWindow / TileLayout.Length) + 1).Select(tile => (int?)(tile * TileLayout.Length))
        .FirstOrDefault(position => DecodeSplits.Count(position!.Value, _longestWindow, _splitTiles) > 1);

    /// <summary>Compiles the chains and waits for them. Where they cannot be compiled the steps are launched one by
    /// one.</summary>
    public void Prepare(CancellationToken cancellation = default)
    {
        _passes = PassesBefore;
        try
        {
            Task.WhenAll(FirstSplitPosition is null ? [_whole.Value] : [_whole.Value, _split.Value]).WaitAsync(cancellation).GetAwaiter().GetResult();
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            // The first pass that would go through them says so.
        }
    }

    /// <summary>Puts a pass through its chains whatever is fastest, if they are compiled: their first launch has the driver make
    /// machine code.</summary>
    public void TryOut(Pass pass)
    {
        if (ChainsOf(pass).IsCompletedSuccessfully)
        {
            LaunchChains(pass, _device.Info.ComputeUnits);
        }
    }

    /// <summary>Puts all steps of a pass on the device's stream: one by one until the chains are compiled, which happens beside
    /// the first passes.</summary>
    public void Launch(Pass pass)
    {
        if (WorkerCount.Chosen == NoWorkers || ++_passes <= PassesBefore || !AreBuilt(ChainsOf(pass)))
        {
            LaunchSteps(pass);
        }
        else if (WorkerCount.Chosen is null && pass.DecodeCount > 1)
        {
            // Passes of different sizes do not compare.
            LaunchChains(pass, _device.Info.ComputeUnits);
        }
        else
        {
            _pass = pass;
            WorkerCount.Run(_device, _launch);
        }
    }

    private static bool IsBuilt(Lazy<Task<List<Action<Pass, int>>>> chains) =>
        chains is { IsValueCreated: true, Value.IsCompletedSuccessfully: true };

    private bool AreBuilt(Task chains)
    {
        if (chains is { IsCompleted: true, IsCompletedSuccessfully: false })
        {
            WorkerCount.Chosen = NoWorkers;
            string reason = chains.Exception?.InnerException?.Message.ReplaceLineEndings(" ") ?? "cancelled";
            _onSlower($"tokens are launched step by step, because their steps cannot be chained: {reason}");
        }

        return chains.IsCompletedSuccessfully;
    }

    private void LaunchSteps(Pass pass)
    {
        foreach (var step in _steps)
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

    private Task<List<Action<Pass, int>>> ChainsOf(Pass pass) => (IsSplit(pass) ? _split : _whole).Value;

    public void Dispose()
    {
        _isStopped = true;
        foreach (var chains in new[] { _whole, _split })
        {
            if (chains.IsValueCreated)
            {
                ((IAsyncResult)chains.Value).AsyncWaitHandle.WaitOne();
            }
        }

        _counters.Dispose();
    }

    // Texts of one split have a kernel of their own; it sums what the one for more would, in the same order.
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

    private List<Action<Pass, int>> Build(bool isSplit)
    {
        int countersUsed = 0;
        var launches = new List<Action<Pass, int>>();
        var links = new List<ILink>();
        string? layer = null;
        foreach (var step in _steps)
        {
            // A layer's chain is the same kernel as the next one's.
            if (step.Layer != layer || step.Links(isSplit) is null)
            {
                Flush();
            }

            layer = step.Layer;
            if (step.Links(isSplit) is { } own)
            {
                links.AddRange(own);
            }
            else
            {
                launches.Add((pass, _) => step.Launch(pass));
            }
        }

        Flush();
        return launches;

        void Flush()
        {
            if (links.Count > 0)
            {
                ObjectDisposedException.ThrowIf(_isStopped, this);
                launches.Add(Chain(links, _counters.View.SubView(countersUsed, links.Count * Workers.CounterInts)));
                countersUsed += links.Count * Workers.CounterInts;
                links.Clear();
            }
        }
    }

    private Action<Pass, int> Chain(List<ILink> links, ArrayView<int> counters)
    {
        var last = links[^1];
        var chained = (ILinks)Activator.CreateInstance(typeof(LastLink<>).MakeGenericType(last.GetType()), last)!;
        foreach (var link in links.SkipLast(1).Reverse())
        {
            chained = (ILinks)Activator.CreateInstance(typeof(Links<,>).MakeGenericType(link.GetType(), chained.GetType()), link, chained)!;
        }

        return typeof(StepChains).GetMethod(nameof(Bind), BindingFlags.NonPublic | BindingFlags.Instance)!
            .MakeGenericMethod(chained.GetType()).CreateDelegate<Func<ILinks, ArrayView<int>, Action<Pass, int>>>(this)(chained, counters);
    }

    private Action<Pass, int> Bind<TLinks>(ILinks links, ArrayView<int> counters)
        where TLinks : struct, ILinks
    {
        var launch = _device.Bind(new Chain<TLinks>((TLinks)links, counters), _owner);
        return (_, workers) => launch(new KernelConfig(workers, 1));
    }
}

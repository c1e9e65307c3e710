using ILGPU;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>The chains of a graph's steps, compiled concurrently with passes once they are asked for. Owns their
/// launches.</summary>
internal sealed class ChainedSteps : IDisposable
{
    private readonly BoundLaunches _launches = new();
    private readonly Lazy<Task<List<Action<Pass, int>>>> _whole;
    private readonly Lazy<Task<List<Action<Pass, int>>>> _split;
    private volatile bool _isStopped;

    /// <param name="counters">See <see cref="StepChains"/>.</param>
    public ChainedSteps(ComputeDevice device, IReadOnlyList<Step> steps, ArrayView<int> counters)
    {
        var chains = new StepChains(device, steps, counters, _launches, () => _isStopped);
        _whole = new(() => Task.Run(() => chains.Build(isSplit: false)));
        _split = new(() => Task.Run(() => chains.Build(isSplit: true)));
    }

    /// <summary>The launches of a pass; each takes the number of workers.</summary>
    /// <param name="isSplit">Whether the attention of the pass is split.</param>
    public Task<List<Action<Pass, int>>> Of(bool isSplit) => (isSplit ? _split : _whole).Value;

    /// <summary>Whether they are compiled. Does not ask for them.</summary>
    public bool AreBuilt(bool isSplit) =>
        (isSplit ? _split : _whole) is { IsValueCreated: true, Value.IsCompletedSuccessfully: true };

    /// <summary>Waits until no chain is being compiled.</summary>
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

        _launches.Dispose();
    }
}

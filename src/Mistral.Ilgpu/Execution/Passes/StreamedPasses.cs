using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Transfers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>
/// Passes of a model that does not fit the device. The steps of a streamed layer begin when its weights are in their slot, and
/// the slot is filled again when they have ended. The steps of a layer are launched together where the device gathers launches.
/// </summary>
internal sealed class StreamedPasses : IPassRunner
{
    private readonly ComputeDevice _device;
    private readonly LayerGraph _graph;
    private readonly LayerTransfers _transfers;

    // The streamed layers, by the name that their steps have.
    private readonly Dictionary<string, int> _layers;
    private readonly Action _launch;
    private string _layer = "";
    private int? _held;
    private Pass? _pass;
    private Range _steps;

    /// <param name="transfers">Is not owned.</param>
    /// <param name="streamed">The layers that are streamed.</param>
    public StreamedPasses(ComputeDevice device, LayerGraph graph, LayerTransfers transfers, IReadOnlyList<int> streamed)
    {
        (_device, _graph, _transfers) = (device, graph, transfers);
        var names = graph.Steps.Select(step => step.Layer).Where(layer => layer.Length > 0).Distinct().ToList();
        _layers = Enumerable.Range(0, streamed.Count).ToDictionary(index => names[streamed[index]]);
        // Created once, because a pass allocates nothing.
        _launch = LaunchSteps;
    }

    public PassOutcome Run(Pass pass, CancellationToken cancellation)
    {
        _pass = pass;
        var steps = _graph.StepsOf(pass);
        try
        {
            for (int first = 0, end; first < steps.Length; first = end)
            {
                for (end = first + 1; end < steps.Length && steps[end].Layer == steps[first].Layer; end++)
                {
                }

                cancellation.ThrowIfCancellationRequested();
                Enter(steps[first].Layer);
                _steps = first..end;
                if (_device.Gathering is { } launches)
                {
                    launches.Together(_launch, cancellation);
                }
                else
                {
                    LaunchSteps();
                }
            }
        }
        finally
        {
            Leave();
        }

        return PassOutcome.Launched;
    }

    public void Launch(Step step, Pass pass)
    {
        Enter(step.Layer);
        step.Launch(pass);
    }

    public void Dispose()
    {
    }

    private void LaunchSteps()
    {
        foreach (var step in _graph.StepsOf(_pass!)[_steps])
        {
            step.Launch(_pass!);
        }
    }

    private void Enter(string layer)
    {
        if (layer == _layer)
        {
            return;
        }

        Leave();
        _layer = layer;
        if (_layers.TryGetValue(layer, out int index))
        {
            _transfers.Acquire(index);
            _held = index;
        }
    }

    private void Leave()
    {
        _layer = "";
        if (_held is int index)
        {
            _held = null;
            _device.Synchronize();
            _transfers.Release(index);
        }
    }
}

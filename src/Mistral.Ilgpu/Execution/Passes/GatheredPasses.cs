using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>
/// Runs the kernels of a pass as one, because launches on ILGPU's CPU accelerator are slow. A pass of decoded tokens includes the
/// choice of the next, because that costs little if its result is not needed. If layers are streamed, the kernels of each layer run
/// as one.
/// </summary>
internal sealed class GatheredPasses : IPassRunner
{
    private readonly CpuLaunches _launches;
    private readonly BoundPlan _plan;
    private readonly Action _launch;
    private readonly Action _launchLayer;
    private Pass? _pass;
    private Range _steps;
    private CancellationToken _cancellation;

    public GatheredPasses(CpuLaunches launches, BoundPlan plan)
    {
        (_launches, _plan) = (launches, plan);
        // Created once, because a pass allocates nothing.
        _launch = LaunchPass;
        _launchLayer = LaunchLayer;
    }

    public PassOutcome Run(Pass pass, CancellationToken cancellation)
    {
        (_pass, _cancellation) = (pass, cancellation);
        if (_plan.Gate is { } gate)
        {
            RunLayers(gate);
            return PassOutcome.Launched;
        }

        _launches.Together(_launch, cancellation);
        return IncludesChoice(pass) ? PassOutcome.LaunchedWithChoice : PassOutcome.Launched;
    }

    public void Launch(Step step, Pass pass) => _plan.Direct.Launch(step, pass);

    public void Dispose()
    {
    }

    private bool IncludesChoice(Pass pass) => _plan.Choose is not null && pass is { PrefillCount: 0, IsScoring: false };

    private void LaunchPass()
    {
        _ = _plan.Direct.Run(_pass!, _cancellation);
        if (IncludesChoice(_pass!))
        {
            _plan.Choose!.Launch(_pass!);
        }
    }

    private void RunLayers(ILayerGate gate)
    {
        var steps = _plan.Graph.StepsOf(_pass!);
        try
        {
            for (int first = 0, end; first < steps.Length; first = end)
            {
                for (end = first + 1; end < steps.Length && steps[end].Layer == steps[first].Layer; end++)
                {
                }

                _cancellation.ThrowIfCancellationRequested();
                gate.Enter(steps[first].Layer);
                _steps = first..end;
                _launches.Together(_launchLayer, _cancellation);
            }
        }
        finally
        {
            gate.Leave();
        }
    }

    private void LaunchLayer()
    {
        foreach (var step in _plan.Graph.StepsOf(_pass!)[_steps])
        {
            step.Launch(_pass!);
        }
    }
}

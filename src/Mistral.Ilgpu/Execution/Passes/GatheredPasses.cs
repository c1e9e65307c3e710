using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>
/// Runs the kernels of a pass as one, because launches on ILGPU's CPU accelerator are slow. A pass of decoded tokens includes the
/// choice of the next, because that costs little if its result is not needed.
/// </summary>
internal sealed class GatheredPasses : IPassRunner
{
    private readonly CpuLaunches _launches;
    private readonly BoundPlan _plan;
    private readonly Action _launch;
    private Pass? _pass;
    private CancellationToken _cancellation;

    public GatheredPasses(CpuLaunches launches, BoundPlan plan)
    {
        (_launches, _plan) = (launches, plan);
        // Created once, because a pass allocates nothing.
        _launch = LaunchPass;
    }

    public PassOutcome Run(Pass pass, CancellationToken cancellation)
    {
        (_pass, _cancellation) = (pass, cancellation);
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
}

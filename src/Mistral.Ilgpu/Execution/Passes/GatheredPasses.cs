using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>Runs the kernels of a pass as one, because launches on ILGPU's CPU accelerator are slow.</summary>
internal sealed class GatheredPasses : IPassRunner
{
    private readonly CpuLaunches _launches;
    private readonly Action _launch;
    private Pass? _pass;
    private CancellationToken _cancellation;

    public GatheredPasses(CpuLaunches launches, DirectPasses direct)
    {
        _launches = launches;
        // Created once, because a pass allocates nothing.
        _launch = () => direct.Run(_pass!, _cancellation);
    }

    public PassOutcome Run(Pass pass, CancellationToken cancellation)
    {
        (_pass, _cancellation) = (pass, cancellation);
        _launches.Together(_launch, cancellation);
        return PassOutcome.Launched;
    }

    public void Dispose()
    {
    }
}

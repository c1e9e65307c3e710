using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>
/// Passes of decoded tokens that the driver has recorded; declines others. A recording includes the choice of tokens, because it
/// costs almost nothing if its result is not needed.
/// </summary>
internal sealed class RecordedPasses : IPassRunner
{
    private readonly CapturedPasses _captured;
    private readonly int _splitTiles;
    private readonly Action _launch;
    private Pass? _pass;

    /// <param name="splitTiles">See <see cref="Families.Family.SplitTiles"/>.</param>
    public RecordedPasses(IGraphDriver driver, BoundPlan plan, int splitTiles)
    {
        _captured = new CapturedPasses(driver, plan.Device.Tell);
        _splitTiles = splitTiles;
        _launch = () =>
        {
            plan.Direct.Run(_pass!, CancellationToken.None);
            plan.Choose?.Launch(_pass!);
        };
    }

    public PassOutcome Run(Pass pass, CancellationToken cancellation)
    {
        if (PassKey.Of(pass, _splitTiles) is not { } key)
        {
            return PassOutcome.Declined;
        }

        _pass = pass;
        _captured.Run(key, _launch);
        return PassOutcome.LaunchedWithChoice;
    }

    public void Forget(ulong adapters) => _captured.Forget(key => (key.Adapters & adapters) != 0);

    public void Dispose() => _captured.Dispose();
}

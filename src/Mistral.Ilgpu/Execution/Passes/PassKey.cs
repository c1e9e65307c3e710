using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>
/// The values on which a pass's launches depend. Passes with equal keys launch the same kernels with the same shapes and
/// arguments. All other values that change are in the step state.
/// </summary>
/// <param name="DecodeCount">Decoded tokens.</param>
/// <param name="LogitCount">Rows of logits.</param>
/// <param name="DecodeRoom">See <see cref="Pass.DecodeRoom"/>.</param>
/// <param name="Adapters">See <see cref="Pass.Adapters"/>.</param>
internal readonly record struct PassKey(int DecodeCount, int LogitCount, int DecodeRoom, ulong Adapters)
{
    /// <summary>The key of a pass that only decodes; null for others, whose shapes rarely recur.</summary>
    /// <param name="splitTiles">See <see cref="Families.Family.SplitTiles"/>.</param>
    public static PassKey? Of(Pass pass, int splitTiles) =>
        pass is { DecodeCount: > 0, PrefillCount: 0 }
            ? new PassKey(pass.DecodeCount, pass.LogitCount, pass.DecodeRoom(splitTiles), pass.Adapters) : null;
}

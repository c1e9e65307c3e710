using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>What a pass's launches depend on: two passes with equal keys launch the same kernels in the same shapes on the same
/// arguments. All else that changes lies in the step state.</summary>
/// <param name="DecodeRoom">See <see cref="Pass.DecodeRoom"/>.</param>
/// <param name="Adapters">A bit for each adapter that is on.</param>
internal readonly record struct PassKey(int DecodeCount, int LogitCount, int DecodeRoom, ulong Adapters)
{
    /// <summary>The key of a pass that decodes and does nothing else; null for others, whose shapes seldom come again.</summary>
    /// <param name="splitTiles">See <see cref="Families.Family.SplitTiles"/>.</param>
    public static PassKey? Of(Pass pass, ulong adapters, int splitTiles) =>
        pass is { DecodeCount: > 0, PrefillCount: 0 }
            ? new PassKey(pass.DecodeCount, pass.LogitCount, pass.DecodeRoom(splitTiles), adapters) : null;
}

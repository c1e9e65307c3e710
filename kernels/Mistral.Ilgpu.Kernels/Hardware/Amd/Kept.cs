using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>
/// What is computed where it is written, and stays in a register from there on. A compiler otherwise computes all that follows
/// from it before a loop, or itself where it is used, and has no registers left for sums.
/// </summary>
internal static class Kept
{
    [Wave("result = wave_kept(value);"), IntrinsicImplementation]
    public static int Of(int value) => value;

    [Wave("result = (uint)wave_kept((int)value);"), IntrinsicImplementation]
    public static uint Of(uint value) => value;
}

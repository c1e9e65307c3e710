using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>What forms with a warp for a row or two have in common.</summary>
public static class WarpRows
{
    public const int WarpsPerGroup = 8;

    public const int GroupSize = WarpsPerGroup * TensorLane.WarpSize;

    /// <summary>The sum over lanes 0-15 or 16-31 of a warp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float SumOfLanes(float value)
    {
        value += Warp.ShuffleXor(value, 8);
        value += Warp.ShuffleXor(value, 4);
        value += Warp.ShuffleXor(value, 2);
        return value + Warp.ShuffleXor(value, 1);
    }
}

using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Amd;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>Which query is a lane's. The two halves of a wave have the same queries, and half of the keys or elements each.
/// </summary>
internal static class MatrixLane
{
    /// <summary>The lane's query in the block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Query<TCore>(int item)
        where TCore : struct, IRowCore =>
        (item / TCore.Lanes * (TCore.Lanes / 2)) + (item & ((TCore.Lanes / 2) - 1));

    /// <summary>0 in the lower half of the wave, 1 in the upper.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Half<TCore>()
        where TCore : struct, IRowCore => Group.IdxX / (TCore.Lanes / 2) & 1;
}

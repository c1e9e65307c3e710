using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// A matrix of 16-bit numbers in global memory as the driver describes it for bulk copies of tiles (TMA, of sm_90), 128 bytes of
/// global memory. A copy brings a tile of <see cref="WarpgroupMemory.Depth"/> columns as <see cref="RowsOf128Bytes"/> lays it
/// out. In place of what lies outside of the matrix come zeros. It is one instruction of one thread.
/// </summary>
public static class TensorMap
{
    public const int Bytes = 128;

    /// <summary>Lets this thread use a map that a copy of the host has written. A new kernel does not see it by itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Acquire(long map) => CudaAsm.Emit("fence.proxy.tensormap::generic.acquire.gpu [%0], 128;", map);

    /// <summary>Begins to bring a tile, whose bytes arrive at a <see cref="PhaseBarrier"/>.</summary>
    /// <param name="to">At a multiple of 1,024 bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Copy(uint to, long map, int column, int row, uint barrier)
    {
        Input<uint> at = to, arrives = barrier;
        Input<long> from = map;
        Input<int> x = column, y = row;
        CudaAsm.EmitRef(
            "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];",
            ref at, ref from, ref x, ref y, ref arrives);
    }

    /// <summary>The same to one place of both groups of a pair. The bytes arrive at the barrier of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void CopyToBoth(uint to, long map, int column, int row, uint barrier)
    {
        Input<uint> at = to, arrives = barrier;
        Input<long> from = map;
        Input<int> x = column, y = row;
        CudaAsm.EmitRef(
            "{ .reg .b16 both; mov.b16 both, 3; "
            + "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster "
            + "[%0], [%1, {%2, %3}], [%4], both; }",
            ref at, ref from, ref x, ref y, ref arrives);
    }
}

using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// The shared memory of a product by warpgroups: <see cref="Stages"/> stages, each of a tile of 128 rows of weights and one of
/// 256 tokens, <see cref="Depth"/> columns of both, see <see cref="RowsOf128Bytes"/>.
/// </summary>
public static class WarpgroupMemory
{
    /// <summary>Two are on their way while one is multiplied, and the one before it may not be done.</summary>
    public const int Stages = 4;

    /// <summary>Columns of a stage.</summary>
    public const int Depth = 64;

    public const int RowBytes = Depth * sizeof(ushort);

    /// <summary>Where the tile of tokens lies in a stage.</summary>
    public const int TokensAt = TileMemory.Rows * RowBytes;

    public const int StageBytes = TokensAt + (WarpgroupSums.Tokens * RowBytes);

    // What the swizzle counts from.
    internal const int Alignment = 1024;

    /// <summary>What a launch gives each group.</summary>
    public const int Bytes = (Stages * StageBytes) + Alignment;

    /// <summary>Where the stage that follows one lies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint After(uint stage) => stage == (Stages - 1) * StageBytes ? 0 : stage + StageBytes;

    /// <summary>The number of the place that follows one, of a few that are used in turn.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint NextSlot(uint slot, int slots) => IntrinsicMath.BitOperations.PopCount(slots) == 1
        ? (slot + 1) & (uint)(slots - 1)
        : slot + 1 == slots ? 0 : slot + 1;

    /// <summary>The group's shared memory; once in a kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Find()
    {
        long generic = TileMemory.AddressOf(SharedMemory.GetDynamic<byte>());
        CudaAsm.Emit("{ .reg .b64 shared; cvta.to.shared.u64 shared, %1; cvt.u32.u64 %0, shared; }", out uint address, generic);
        return (address + (Alignment - 1)) & ~(uint)(Alignment - 1);
    }
}

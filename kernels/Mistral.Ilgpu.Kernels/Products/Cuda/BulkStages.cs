using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>The stages of a product with bulk copies, and their barriers.</summary>
/// <param name="Memory">Where the first stage lies.</param>
/// <param name="Full">Where the barrier is at which the first stage is full.</param>
/// <param name="Free">Where that is at which it has been multiplied.</param>
/// <param name="Slots">How many stages there are.</param>
internal readonly record struct BulkStages(uint Memory, uint Full, uint Free, int Slots)
{
    // The warps that multiply.
    private const int Warps = WarpgroupSums.Multipliers / TensorLane.WarpSize;

    /// <summary>Tokens that a group brings to both of its pair.</summary>
    public const int TokensOfCopy = WarpgroupSums.Tokens / GroupPair.Groups;

    /// <summary>Makes the barriers, by one thread.</summary>
    /// <param name="fillers">How many arrive when a stage is full.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Start(int fillers)
    {
        for (uint slot = 0; slot < Slots; slot++)
        {
            PhaseBarrier.Start(FullOf(slot), fillers);
            PhaseBarrier.Start(FreeOf(slot), GroupPair.Groups * Warps);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint At(uint slot) => Memory + (slot * WarpgroupMemory.StageBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint FullOf(uint slot) => Full + (slot * PhaseBarrier.Bytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint FreeOf(uint slot) => Free + (slot * PhaseBarrier.Bytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint After(uint slot) => WarpgroupMemory.NextSlot(slot, Slots);

    /// <summary>Begins to bring the group's half of the tokens to both of the pair.</summary>
    /// <param name="token">The first of the half.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void BringTokens(uint slot, long map, int column, int token) => TensorMap.CopyToBoth(
        At(slot) + WarpgroupMemory.TokensAt + (uint)(GroupPair.Rank * TokensOfCopy * WarpgroupMemory.RowBytes), map, column,
        token, FullOf(slot));
}

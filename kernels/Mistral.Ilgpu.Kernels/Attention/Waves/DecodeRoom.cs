using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>The local memory of a group that attends for a decoded token.</summary>
internal readonly struct DecodeRoom<TRoom>
    where TRoom : struct, IHeadRoom
{
    /// <summary>Heads of a kv head that are worked on at once, two to a set.</summary>
    public const int Heads = 16;

    /// <summary>Pairs of floats of a set. The teams of a wave may have different sets, which then lie in different banks.
    /// </summary>
    public static int SetStride
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TRoom.Elements + 8;
    }

    /// <summary>A pair for each element of two heads, at <see cref="SetStride"/>, and zeros up to a multiple of 64.</summary>
    public ArrayView<Floats2> Queries { get; }

    /// <summary>A round's weights: two rounds × teams × positions.</summary>
    public ArrayView<Floats2> Weights { get; }

    public ArrayView<float> OwnKey { get; }

    public ArrayView<float> OwnValue { get; }

    /// <summary>The largest scores of a team's two heads, and the sums of their weights.</summary>
    public ArrayView<Floats4> Tails { get; }

    /// <summary>What a team's outputs are multiplied with.</summary>
    public ArrayView<Floats2> Keeps { get; }

    /// <summary>Teams × 16 × eights of a lane: outputs of one of a team's heads, where the queries were.</summary>
    public ArrayView<Floats4> Outputs
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Queries.Cast<Floats4>();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DecodeRoom()
    {
        Queries = SharedMemory.Allocate<Floats2>(Heads / 2 * (TRoom.Elements + 8));
        Weights = SharedMemory.Allocate<Floats2>(2 * Team.Count * TileLayout.Length);
        OwnKey = SharedMemory.Allocate<float>(TRoom.Elements);
        OwnValue = SharedMemory.Allocate<float>(TRoom.Elements);
        Tails = SharedMemory.Allocate<Floats4>(Team.Count);
        Keeps = SharedMemory.Allocate<Floats2>(Team.Count);
    }
}

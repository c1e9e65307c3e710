using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>The <see cref="Strands"/> of a group of warps in shared memory: eight warps have two strands each.</summary>
public static class StrandMemory
{
    private const int Rows = Strands.Rows;

    /// <summary>Tokens of a block: the columns of a tensor core's product.</summary>
    public const int Tokens = 8;

    private const int BlockFloats = Rows * Tokens;

    /// <summary>Half as many strands, for kernels that share columns among eight warps.</summary>
    public const int EightWarps = Strands.Count / 2;

    /// <summary>Floats of shared memory for four blocks: two of tokens, for two tiles or two matrices.</summary>
    public const int SharedFloats = 4 * EightWarps * BlockFloats;

    /// <summary>Leaves the strand of a block of one of eight warps in shared memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Save(ArrayView<float> shared, int block, Sums16x8 sums)
    {
        int at = (((block * EightWarps) + TensorLane.Warp) * BlockFloats) + (TensorLane.Column * Rows) + TensorLane.Row;
        shared[at] = sums.A;
        shared[at + Rows] = sums.B;
        shared[at + (Rows / 2)] = sums.C;
        shared[at + Rows + (Rows / 2)] = sums.D;
    }

    /// <summary>Leaves the two strands of each of eight warps, added, in shared memory: sums of 32 rows of a matrix.</summary>
    /// <param name="memory">Where the first matrix's are.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void SaveTwo<TTokens>(uint memory, int matrix, RunSums even, RunSums odd)
        where TTokens : struct, ITokenBlocks
    {
        SaveTwo(memory, 4 * matrix, even.First, odd.First);
        SaveTwo(memory, (4 * matrix) + 1, even.LowerFirst, odd.LowerFirst);
        if (TTokens.AreTwo)
        {
            SaveTwo(memory, (4 * matrix) + 2, even.Second, odd.Second);
            SaveTwo(memory, (4 * matrix) + 3, even.LowerSecond, odd.LowerSecond);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SaveTwo(uint memory, int block, Sums16x8 even, Sums16x8 odd)
    {
        uint at = memory
            + (uint)(((((block * EightWarps) + (TensorLane.Warp & (EightWarps - 1))) * BlockFloats)
                + (TensorLane.Column * Rows) + TensorLane.Row) * sizeof(float));
        TensorShared.Store(at, even.A + odd.A);
        TensorShared.Store(at + (Rows * sizeof(float)), even.B + odd.B);
        TensorShared.Store(at + (Rows / 2 * sizeof(float)), even.C + odd.C);
        TensorShared.Store(at + ((Rows + (Rows / 2)) * sizeof(float)), even.D + odd.D);
    }

    /// <summary>The sum over all strands of rows 4 <paramref name="four"/> to 4 <paramref name="four"/> + 3. The tree is that of
    /// <see cref="Wave.Sum16"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Floats4 FourOf(uint memory, int matrix, int token, int four)
    {
        int block = (4 * matrix) + (2 * (token / Tokens)) + (four / (Rows / PackedRun.PerLane));
        int within = ((token & (Tokens - 1)) * Rows) + ((four * PackedRun.PerLane) & (Rows - 1));
        uint at = memory + (uint)(((block * EightWarps * BlockFloats) + within) * sizeof(float));
        const uint Strand = BlockFloats * sizeof(float);
        return Add(Add(Pair(at), Pair(at + (2 * Strand))), Add(Pair(at + Strand), Pair(at + (3 * Strand))));
    }

    // Strands i and i + 4 of eight.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats4 Pair(uint at) =>
        Add(TensorShared.LoadFloats(at), TensorShared.LoadFloats(at + (4 * BlockFloats * sizeof(float))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Floats4 Add(Floats4 a, Floats4 b) => new() { A = a.A + b.A, B = a.B + b.B, C = a.C + b.C, D = a.D + b.D };

    /// <summary>The sum over eight strands of element <paramref name="item"/> of neighbouring blocks: row item mod 16, token item
    /// / 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float SumOf(ArrayView<float> shared, int block, int item)
    {
        int at = ((block + (item / BlockFloats)) * EightWarps * BlockFloats) + (item & (BlockFloats - 1));
        return (Two(shared, at) + Two(shared, at + (2 * BlockFloats)))
            + (Two(shared, at + BlockFloats) + Two(shared, at + (3 * BlockFloats)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Two(ArrayView<float> shared, int at) => shared[at] + shared[at + (4 * BlockFloats)];
}

using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// The sums of rows that are shared out by column: sixteen strands, each of its own columns, and then always the same tree of additions.
/// A warp may keep the strands of two rows in its lanes, or sixteen warps a strand of sixteen rows each; the bits are the same.
/// </summary>
public static class Strands
{
    public const int Count = 16;

    public const int GroupSize = Count * TensorLane.WarpSize;

    /// <summary>Rows of weights that sixteen warps sum together.</summary>
    public const int Rows = 16;

    /// <summary>Tokens of a block: the columns of a tensor core's product.</summary>
    public const int Tokens = 8;

    private const int BlockFloats = Rows * Tokens;

    /// <summary>Floats of shared memory for four blocks: two of tokens, for each of two matrices.</summary>
    public const int SharedFloats = 4 * Count * BlockFloats;

    /// <summary>Half as many strands, for kernels that share columns among eight warps.</summary>
    public const int EightWarps = Count / 2;

    /// <summary>Leaves a warp's strand of a block in shared memory.</summary>
    /// <param name="warps">That share the columns.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Save(ArrayView<float> shared, int block, Sums16x8 sums, int warps = Count)
    {
        int at = (((block * warps) + TensorLane.Warp) * BlockFloats) + (TensorLane.Column * Rows) + TensorLane.Row;
        shared[at] = sums.A;
        shared[at + Rows] = sums.B;
        shared[at + (Rows / 2)] = sums.C;
        shared[at + Rows + (Rows / 2)] = sums.D;
    }

    /// <summary>The sum over the strands of element <paramref name="item"/> of neighbouring blocks: row item mod 16, token item / 16. The tree is
    /// that of <see cref="WarpRows.SumOfLanes"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float SumOfWarps(ArrayView<float> shared, int block, int item)
    {
        int at = ((block + (item / BlockFloats)) * Count * BlockFloats) + (item & (BlockFloats - 1));
        return (Four(shared, at) + Four(shared, at + (2 * BlockFloats))) + (Four(shared, at + BlockFloats) + Four(shared, at + (3 * BlockFloats)));
    }

    /// <summary>The same over eight strands.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float SumOfEightWarps(ArrayView<float> shared, int block, int item)
    {
        int at = ((block + (item / BlockFloats)) * EightWarps * BlockFloats) + (item & (BlockFloats - 1));
        return (Two(shared, at) + Two(shared, at + (2 * BlockFloats))) + (Two(shared, at + BlockFloats) + Two(shared, at + (3 * BlockFloats)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Two(ArrayView<float> shared, int at) => shared[at] + shared[at + (4 * BlockFloats)];

    // Strands i, i + 8, i + 4 and i + 12.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Four(ArrayView<float> shared, int at) =>
        (shared[at] + shared[at + (8 * BlockFloats)]) + (shared[at + (4 * BlockFloats)] + shared[at + (12 * BlockFloats)]);
}

/// <summary>How many tokens a kernel for few takes at once.</summary>
public interface ITokenBlocks
{
    /// <summary>Whether there is a second block of eight.</summary>
    static abstract bool AreTwo { get; }

    static abstract int Tokens { get; }
}

/// <summary>One to eight.</summary>
public readonly struct EightTokens : ITokenBlocks
{
    public static bool AreTwo => false;

    public static int Tokens => Strands.Tokens;
}

/// <summary>Nine to sixteen.</summary>
public readonly struct SixteenTokens : ITokenBlocks
{
    public static bool AreTwo => true;

    public static int Tokens => 2 * Strands.Tokens;
}

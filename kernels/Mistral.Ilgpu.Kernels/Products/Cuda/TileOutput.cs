using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>
/// Writes the sums of a tile of <see cref="WarpgroupSums"/> from shared memory, eight tokens of a warp at a time. The current
/// output of all eight is loaded before any of it is written. A load after a store waits for it, because both may be of one
/// place.
/// </summary>
/// <param name="Rows">Rows of output.</param>
/// <param name="Stride">Numbers from a token's output to the next one's.</param>
internal readonly record struct TileOutput<TEpilogue>(ArrayView<float> Output, int Rows, int Stride, float Scale)
    where TEpilogue : struct, IEpilogue
{
    /// <summary>Warps that write, each every so many tokens.</summary>
    public const int Warps = 2 * WarpgroupSums.GroupSize / TensorLane.WarpSize;

    /// <summary>Tokens of all warps at a time.</summary>
    public const int Tokens = 8 * Warps;

    /// <summary>Writes eight tokens, <see cref="Warps"/> apart.</summary>
    /// <param name="sums">Where the first of them has the sum of the lane's first row.</param>
    /// <param name="firstRow">The tile's.</param>
    /// <param name="firstToken">The tile's.</param>
    /// <param name="token">The first of the eight in the tile.</param>
    /// <param name="count">Tokens of the tile that there are.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(uint sums, int firstRow, int firstToken, int token, int count)
    {
        var (a, b) = (Current(firstRow, firstToken, token, count), Current(firstRow, firstToken, token + Warps, count));
        var (c, d) = (
            Current(firstRow, firstToken, token + (2 * Warps), count), Current(firstRow, firstToken, token + (3 * Warps), count));
        var (e, f) = (
            Current(firstRow, firstToken, token + (4 * Warps), count), Current(firstRow, firstToken, token + (5 * Warps), count));
        var (g, h) = (
            Current(firstRow, firstToken, token + (6 * Warps), count), Current(firstRow, firstToken, token + (7 * Warps), count));
        (a, b) = (Combine(a, sums, 0), Combine(b, sums, Warps));
        (c, d) = (Combine(c, sums, 2 * Warps), Combine(d, sums, 3 * Warps));
        (e, f) = (Combine(e, sums, 4 * Warps), Combine(f, sums, 5 * Warps));
        (g, h) = (Combine(g, sums, 6 * Warps), Combine(h, sums, 7 * Warps));
        Put(firstRow, firstToken, token, count, a);
        Put(firstRow, firstToken, token + Warps, count, b);
        Put(firstRow, firstToken, token + (2 * Warps), count, c);
        Put(firstRow, firstToken, token + (3 * Warps), count, d);
        Put(firstRow, firstToken, token + (4 * Warps), count, e);
        Put(firstRow, firstToken, token + (5 * Warps), count, f);
        Put(firstRow, firstToken, token + (6 * Warps), count, g);
        Put(firstRow, firstToken, token + (7 * Warps), count, h);
    }

    // Of rows lane, lane + 32 and so on of the tile. In place of what does not exist the last is loaded.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Floats4 Current(int firstRow, int firstToken, int token, int count)
    {
        long at = (long)(firstToken + IntrinsicMath.Min(token, count - 1)) * Stride;
        int row = firstRow + TensorLane.Index;
        return new Floats4
        {
            A = Output[at + IntrinsicMath.Min(row, Rows - 1)],
            B = Output[at + IntrinsicMath.Min(row + 32, Rows - 1)],
            C = Output[at + IntrinsicMath.Min(row + 64, Rows - 1)],
            D = Output[at + IntrinsicMath.Min(row + 96, Rows - 1)],
        };
    }

    // Of a token's sums, also of one that does not exist.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Floats4 Combine(Floats4 current, uint sums, int token)
    {
        uint from = sums + (uint)(token * WarpgroupSums.PitchBytes);
        float a = TensorShared.Load(from) * Scale, b = TensorShared.Load(from + 128) * Scale;
        float c = TensorShared.Load(from + 256) * Scale, d = TensorShared.Load(from + 384) * Scale;
        return TEpilogue.IsGated
            ? new Floats4 { A = TEpilogue.CombineOnCuda(current.A, a, b), B = TEpilogue.CombineOnCuda(current.B, c, d) }
            : new Floats4
            {
                A = TEpilogue.CombineOnCuda(current.A, a, 0),
                B = TEpilogue.CombineOnCuda(current.B, b, 0),
                C = TEpilogue.CombineOnCuda(current.C, c, 0),
                D = TEpilogue.CombineOnCuda(current.D, d, 0),
            };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(int firstRow, int firstToken, int token, int count, Floats4 values)
    {
        if (token >= count)
        {
            return;
        }

        long at = (long)(firstToken + token) * Stride;
        int row = firstRow + TensorLane.Index;
        Put(at, row, values.A);
        Put(at, row + 32, values.B);
        if (!TEpilogue.IsGated)
        {
            Put(at, row + 64, values.C);
            Put(at, row + 96, values.D);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(long at, int row, float value)
    {
        if (row < Rows)
        {
            TEpilogue.Write(Output, at + row, value);
        }
    }
}

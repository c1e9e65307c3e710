using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>How waves of 32 make their part of a tile, 32 tokens × 64 rows, of products of 16 × 16: WMMA.</summary>
internal static class Sixteens
{
    public const int Lanes = 32;

    /// <summary>Tokens and rows of a product.</summary>
    public const int Side = 16;

    /// <summary>See <see cref="IMatrixCore.Row"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Row(int lane, int eight) => ((eight >> 1) * Side) + (lane & (Side - 1));

    /// <summary>See <see cref="IMatrixCore.MultiplyAdd"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WaveSums MultiplyAdd<TProduct>(
        WaveSums sums, ArrayView<Pack> memory, int stage, int row, int token, int piece)
        where TProduct : struct, ISixteens
    {
        token += MatrixTile.Rows;
        var x = TProduct.Load(memory, stage, token, piece);
        var y = TProduct.Load(memory, stage, token + Side, piece);
        var w = TProduct.Load(memory, stage, row, piece);
        sums.A = TProduct.MultiplyAdd(sums.A, x, w, memory, stage);
        sums.B = TProduct.MultiplyAdd(sums.B, y, w, memory, stage);
        w = TProduct.Load(memory, stage, row + Side, piece);
        sums.C = TProduct.MultiplyAdd(sums.C, x, w, memory, stage);
        sums.D = TProduct.MultiplyAdd(sums.D, y, w, memory, stage);
        w = TProduct.Load(memory, stage, row + (2 * Side), piece);
        sums.E = TProduct.MultiplyAdd(sums.E, x, w, memory, stage);
        sums.F = TProduct.MultiplyAdd(sums.F, y, w, memory, stage);
        w = TProduct.Load(memory, stage, row + (3 * Side), piece);
        sums.G = TProduct.MultiplyAdd(sums.G, x, w, memory, stage);
        sums.H = TProduct.MultiplyAdd(sums.H, y, w, memory, stage);
        return sums;
    }

    /// <summary>See <see cref="IRowCore.MultiplyAdd"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SixteenSums MultiplyAdd<TProduct>(
        SixteenSums sums, MatrixRows rows, int row, int piece, MatrixFragment columns)
        where TProduct : struct, ISixteens => new()
        {
            Low = TProduct.MultiplyAdd(sums.Low, TProduct.Load(rows, row, piece), columns, rows),
            High = TProduct.MultiplyAdd(sums.High, TProduct.Load(rows, row + Side, piece), columns, rows),
        };
}

using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>
/// Matrix cores of RDNA3, waves of 32: v_wmma_f32_16x16x16 (RDNA3 ISA, 7.9). Lane l has 16 columns of token l mod 16 and of
/// row l mod 16, the same in both halves of the wave. Its sum i is of token 2 i + l / 16 and row l mod 16.
/// </summary>
[AmdForm]
public readonly struct Wmma<TFormat> : IRowCore, ISixteens
    where TFormat : struct, IPairFormat
{
    static int IMatrixCore.Lanes => Sixteens.Lanes;

    static bool IMatrixCore.TakesTwoStages => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IMatrixCore.Row(int lane, int eight) => Sixteens.Row(lane, eight);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IMatrixCore.Token(int lane, int eight, int i) => ((eight & 1) * Sixteens.Side) + (2 * i) + (lane >> 4);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static WaveSums IMatrixCore.MultiplyAdd(WaveSums sums, ArrayView<Pack> memory, int stage, int row, int token, int piece) =>
        Sixteens.MultiplyAdd<Wmma<TFormat>>(sums, memory, stage, row, token, piece);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static MatrixFragment ISixteens.Load(ArrayView<Pack> memory, int stage, int row, int piece)
    {
        int lane = Group.IdxX & (Sixteens.Side - 1);
        int at = stage + (row * MatrixTile.Pieces) + MatrixTile.At(lane, piece);
        return new MatrixFragment
        {
            Low = Pieces.Load(ref memory[at]), High = Pieces.Load(ref memory[at ^ 1]), FirstRow = row, FirstPiece = piece,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static EightSums ISixteens.MultiplyAdd(
        EightSums sums, MatrixFragment tokens, MatrixFragment weights, ArrayView<Pack> memory, int stage) => TFormat.IsBFloat16
        ? MatrixProducts.WmmaBFloat16(sums, tokens, weights, ref memory[stage])
        : MatrixProducts.WmmaFloat16(sums, tokens, weights, ref memory[stage]);

    static int IRowCore.FirstPiece => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IRowCore.Lane(int item, int pieces) =>
        MatrixRows.At(item & (Sixteens.Side - 1), 0, pieces);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint IRowCore.Pair(float low, float high) => TFormat.Pair(low, high);

    // Both lanes of a column have all sixteen.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static MatrixFragment IRowCore.Column(EightSums numbers)
    {
        var own = ColumnNumbers.Round<TFormat>(numbers);
        var other = ColumnNumbers.Other(own, Sixteens.Lanes);
        bool isUpper = (Group.IdxX & Sixteens.Side) != 0;
        return new MatrixFragment
        {
            Low = ColumnNumbers.Choose(isUpper, other, own), High = ColumnNumbers.Choose(isUpper, own, other),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static SixteenSums IRowCore.MultiplyAdd(
        SixteenSums sums, MatrixRows rows, int row, int piece, MatrixFragment columns) =>
        Sixteens.MultiplyAdd<Wmma<TFormat>>(sums, rows, row, piece, columns);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static EightSums ISixteens.MultiplyAdd(EightSums sums, RowFragment rows, MatrixFragment columns, MatrixRows all) =>
        TFormat.IsBFloat16
            ? RowProducts.WmmaBFloat16(sums, rows, columns, ref all.Memory[0])
            : RowProducts.WmmaFloat16(sums, rows, columns, ref all.Memory[0]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static RowFragment ISixteens.Load(MatrixRows rows, int row, int piece)
    {
        int at = rows.OfLane(row, piece);
        return new RowFragment
        {
            Low = Pieces.Load(ref rows.Memory[at]), High = Pieces.Load(ref rows.Memory[at ^ 1]),
            FirstRow = row, FirstPiece = piece, Pieces = rows.Pieces,
        };
    }
}

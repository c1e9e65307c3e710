using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>
/// Matrix cores of RDNA4, waves of 32: v_wmma_f32_16x16x16 (RDNA4 ISA, 7.12). Lane l has eight columns, from 8 × (l / 16) on, of
/// token l mod 16 and of row l mod 16. Its sum i is of token i + 8 × (l / 16) and row l mod 16.
/// </summary>
[AmdForm]
public readonly struct Wmma12<TFormat> : IRowCore, ISixteens
    where TFormat : struct, IPairFormat
{
    static int IMatrixCore.Lanes => Sixteens.Lanes;

    static bool IMatrixCore.TakesTwoStages => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IMatrixCore.Row(int lane, int eight) => Sixteens.Row(lane, eight);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IMatrixCore.Token(int lane, int eight, int i) => ((eight & 1) * Sixteens.Side) + i + ((lane >> 4) * 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static WaveSums IMatrixCore.MultiplyAdd(WaveSums sums, ArrayView<Pack> memory, int stage, int row, int token, int piece) =>
        Sixteens.MultiplyAdd<Wmma12<TFormat>>(sums, memory, stage, row, token, piece);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static MatrixFragment ISixteens.Load(ArrayView<Pack> memory, int stage, int row, int piece)
    {
        int lane = Group.IdxX & (Sixteens.Lanes - 1);
        int at = stage + (row * MatrixTile.Pieces) + MatrixTile.At(lane & (Sixteens.Side - 1), piece + (lane >> 4));
        return new MatrixFragment { Low = Pieces.Load(ref memory[at]), FirstRow = row, FirstPiece = piece };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static EightSums ISixteens.MultiplyAdd(
        EightSums sums, MatrixFragment tokens, MatrixFragment weights, ArrayView<Pack> memory, int stage) => TFormat.IsBFloat16
        ? MatrixProducts.Wmma12BFloat16(sums, tokens, weights, ref memory[stage])
        : MatrixProducts.Wmma12Float16(sums, tokens, weights, ref memory[stage]);

    static int IRowCore.FirstPiece
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Group.IdxX >> 4) & 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IRowCore.Lane(int item, int pieces) =>
        MatrixRows.At(item & (Sixteens.Side - 1), (item >> 4) & 1, pieces);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint IRowCore.Pair(float low, float high) => TFormat.Pair(low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static MatrixFragment IRowCore.Column(EightSums numbers) =>
        ColumnNumbers.OfHalves(ColumnNumbers.Round<TFormat>(numbers), Sixteens.Lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static SixteenSums IRowCore.MultiplyAdd(
        SixteenSums sums, MatrixRows rows, int row, int piece, MatrixFragment columns) =>
        Sixteens.MultiplyAdd<Wmma12<TFormat>>(sums, rows, row, piece, columns);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static EightSums ISixteens.MultiplyAdd(EightSums sums, RowFragment rows, MatrixFragment columns, MatrixRows all) =>
        TFormat.IsBFloat16
            ? RowProducts.Wmma12BFloat16(sums, rows, columns, ref all.Memory[0])
            : RowProducts.Wmma12Float16(sums, rows, columns, ref all.Memory[0]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static RowFragment ISixteens.Load(MatrixRows rows, int row, int piece)
    {
        int at = rows.OfLane(row, piece);
        return new RowFragment
        {
            Low = Pieces.Load(ref rows.Memory[at]), FirstRow = row, FirstPiece = piece, Pieces = rows.Pieces,
        };
    }
}

using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>
/// Matrix cores of CDNA2 and CDNA3, waves of 64: v_mfma_f32_32x32x8 (CDNA3 ISA, 7.1). Lane l has four columns of token l mod 32
/// and of row l mod 32, those of the lower and of the upper half wave side by side. Its sum i is of token 8 × (i / 4) + 4 × (l /
/// 32) + i mod 4 and row l mod 32. A load of 16 bytes has the columns of two such products. The first takes columns 0 to 3 and 8
/// to 11, the second the others; both matrices have the same columns in a place.
/// </summary>
[AmdForm]
public readonly struct Mfma<TFormat> : IRowCore
    where TFormat : struct, IPairFormat
{
    // Lanes of a wave.
    private const int Width = 64;

    private const int Side = 32;

    static int IMatrixCore.Lanes => Width;

    static bool IMatrixCore.TakesTwoStages => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IMatrixCore.Row(int lane, int eight) => ((eight >> 2) * Side) + (lane & (Side - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IMatrixCore.Token(int lane, int eight, int i) =>
        (((eight >> 1) & 1) * Side) + ((eight & 1) * 16) + ((i >> 2) * 8) + ((lane >> 5) * 4) + (i & 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static WaveSums IMatrixCore.MultiplyAdd(WaveSums sums, ArrayView<Pack> memory, int stage, int row, int token, int piece)
    {
        token += MatrixTile.Rows;
        var x = Load(memory, stage, token, piece);
        var y = Load(memory, stage, token + Side, piece);
        var w = Load(memory, stage, row, piece);
        (sums.A, sums.B) = MultiplyAdd(sums.A, sums.B, x, w, memory, stage);
        (sums.C, sums.D) = MultiplyAdd(sums.C, sums.D, y, w, memory, stage);
        w = Load(memory, stage, row + Side, piece);
        (sums.E, sums.F) = MultiplyAdd(sums.E, sums.F, x, w, memory, stage);
        (sums.G, sums.H) = MultiplyAdd(sums.G, sums.H, y, w, memory, stage);
        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static MatrixFragment Load(ArrayView<Pack> memory, int stage, int row, int piece)
    {
        int lane = Group.IdxX & (Width - 1);
        int at = stage + (row * MatrixTile.Pieces) + MatrixTile.At(lane & (Side - 1), piece + (lane >> 5));
        return new MatrixFragment { Low = Pieces.Load(ref memory[at]), FirstRow = row, FirstPiece = piece };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (EightSums Low, EightSums High) MultiplyAdd(
        EightSums low, EightSums high, MatrixFragment tokens, MatrixFragment weights, ArrayView<Pack> memory, int stage)
    {
        var sums = new SixteenSums { Low = low, High = high };
        sums = TFormat.IsBFloat16
            ? MatrixProducts.MfmaBFloat16(sums, tokens, weights, ref memory[stage])
            : MatrixProducts.MfmaFloat16(sums, tokens, weights, ref memory[stage]);
        return (sums.Low, sums.High);
    }

    static int IRowCore.FirstPiece
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Group.IdxX >> 5) & 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IRowCore.Lane(int item, int pieces) =>
        MatrixRows.At(item & (Side - 1), (item >> 5) & 1, pieces);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint IRowCore.Pair(float low, float high) => TFormat.Pair(low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static MatrixFragment IRowCore.Column(EightSums numbers) =>
        ColumnNumbers.OfHalves(ColumnNumbers.Round<TFormat>(numbers), Width);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static SixteenSums IRowCore.MultiplyAdd(
        SixteenSums sums, MatrixRows rows, int row, int piece, MatrixFragment columns)
    {
        int at = rows.OfLane(row, piece);
        var fragment = new RowFragment
        {
            Low = Pieces.Load(ref rows.Memory[at]), FirstRow = row, FirstPiece = piece, Pieces = rows.Pieces,
        };
        return TFormat.IsBFloat16
            ? RowProducts.MfmaBFloat16(sums, fragment, columns, ref rows.Memory[0])
            : RowProducts.MfmaFloat16(sums, fragment, columns, ref rows.Memory[0]);
    }
}

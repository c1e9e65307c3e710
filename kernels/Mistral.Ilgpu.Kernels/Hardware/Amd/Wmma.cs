using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>
/// Matrix cores of RDNA3, waves of 32: v_wmma_f32_16x16x16 (RDNA3 ISA, 7.9). Lane l has 16 columns of token l mod 16 and of
/// row l mod 16, the same in both halves of the wave. Its sum i is of token 2 i + l / 16 and row l mod 16.
/// </summary>
public readonly struct Wmma<TFormat> : IMatrixCore
    where TFormat : struct, IPairFormat
{
    // Lanes of a wave.
    private const int Width = 32;

    private const int Side = 16;

    static int IMatrixCore.Lanes => Width;

    static bool IMatrixCore.TakesTwoStages => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IMatrixCore.Row(int lane, int eight) => ((eight >> 1) * Side) + (lane & (Side - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IMatrixCore.Token(int lane, int eight, int i) => ((eight & 1) * Side) + (2 * i) + (lane >> 4);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static WaveSums IMatrixCore.MultiplyAdd(WaveSums sums, ArrayView<Pack> memory, int stage, int row, int token, int piece)
    {
        token += MatrixTile.Rows;
        var x = Load(memory, stage, token, piece);
        var y = Load(memory, stage, token + Side, piece);
        var w = Load(memory, stage, row, piece);
        sums.A = MultiplyAdd(sums.A, x, w, memory, stage);
        sums.B = MultiplyAdd(sums.B, y, w, memory, stage);
        w = Load(memory, stage, row + Side, piece);
        sums.C = MultiplyAdd(sums.C, x, w, memory, stage);
        sums.D = MultiplyAdd(sums.D, y, w, memory, stage);
        w = Load(memory, stage, row + (2 * Side), piece);
        sums.E = MultiplyAdd(sums.E, x, w, memory, stage);
        sums.F = MultiplyAdd(sums.F, y, w, memory, stage);
        w = Load(memory, stage, row + (3 * Side), piece);
        sums.G = MultiplyAdd(sums.G, x, w, memory, stage);
        sums.H = MultiplyAdd(sums.H, y, w, memory, stage);
        return sums;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static MatrixFragment Load(ArrayView<Pack> memory, int stage, int row, int piece)
    {
        int lane = Group.IdxX & (Side - 1);
        int at = stage + (row * MatrixTile.Pieces) + MatrixTile.At(lane, piece);
        return new MatrixFragment
        {
            Low = Pieces.Load(ref memory[at]), High = Pieces.Load(ref memory[at ^ 1]), FirstRow = row, FirstPiece = piece,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static EightSums MultiplyAdd(
        EightSums sums, MatrixFragment tokens, MatrixFragment weights, ArrayView<Pack> memory, int stage) => TFormat.IsBFloat16
        ? MatrixProducts.WmmaBFloat16(sums, tokens, weights, ref memory[stage])
        : MatrixProducts.WmmaFloat16(sums, tokens, weights, ref memory[stage]);
}

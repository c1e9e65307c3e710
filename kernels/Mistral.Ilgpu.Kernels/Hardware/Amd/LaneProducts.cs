using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>
/// In place of matrix cores where there are none (RDNA2): a lane multiplies eight rows and eight tokens by itself, two columns
/// at a time (v_dot2_f32_f16, RDNA2 ISA; bfloat16 by two fused multiply-adds). Lane l has rows l mod 8 + 8 j and tokens l / 8 +
/// 4 i. Then the eight rows that lanes read at once lie in different banks, and neighbouring lanes write neighbours.
/// </summary>
[AmdForm]
public readonly struct LaneProducts<TFormat> : IMatrixCore
    where TFormat : struct, IPairFormat
{
    // Lanes of a wave.
    private const int Width = 32;

    private const int RowsApart = 8;
    private const int TokensApart = 4;

    static int IMatrixCore.Lanes => Width;

    static bool IMatrixCore.TakesTwoStages => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IMatrixCore.Row(int lane, int eight) => (lane & (RowsApart - 1)) + (eight * RowsApart);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int IMatrixCore.Token(int lane, int eight, int i) => (lane >> 3) + (i * TokensApart);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static WaveSums IMatrixCore.MultiplyAdd(WaveSums sums, ArrayView<Pack> memory, int stage, int row, int token, int piece)
    {
        sums = MultiplyAdd(sums, memory, stage, row, token + MatrixTile.Rows, piece, 0);
        return MultiplyAdd(sums, memory, stage, row, token + MatrixTile.Rows, piece, 1);
    }

    // Of one piece. A loop, because all at once needs more registers than there are.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static WaveSums MultiplyAdd(
        WaveSums sums, ArrayView<Pack> memory, int stage, int row, int token, int piece, int next)
    {
        int lane = Group.IdxX & (Width - 1);
        int own = token + (lane >> 3);
        var tokens = new LaneTokens
        {
            A = Pieces.Load(ref memory[stage + MatrixTile.At(own, piece + next)]),
            B = Pieces.Load(ref memory[stage + MatrixTile.At(own + TokensApart, piece + next)]),
            C = Pieces.Load(ref memory[stage + MatrixTile.At(own + (2 * TokensApart), piece + next)]),
            D = Pieces.Load(ref memory[stage + MatrixTile.At(own + (3 * TokensApart), piece + next)]),
            E = Pieces.Load(ref memory[stage + MatrixTile.At(own + (4 * TokensApart), piece + next)]),
            F = Pieces.Load(ref memory[stage + MatrixTile.At(own + (5 * TokensApart), piece + next)]),
            G = Pieces.Load(ref memory[stage + MatrixTile.At(own + (6 * TokensApart), piece + next)]),
            H = Pieces.Load(ref memory[stage + MatrixTile.At(own + (7 * TokensApart), piece + next)]),
        };
        int at = stage + MatrixTile.At(row + (lane & (RowsApart - 1)), piece + next);
        const int Apart = RowsApart * MatrixTile.Pieces;
        sums.A = tokens.MultiplyAdd<TFormat>(sums.A, Pieces.Load(ref memory[at]));
        sums.B = tokens.MultiplyAdd<TFormat>(sums.B, Pieces.Load(ref memory[at + Apart]));
        sums.C = tokens.MultiplyAdd<TFormat>(sums.C, Pieces.Load(ref memory[at + (2 * Apart)]));
        sums.D = tokens.MultiplyAdd<TFormat>(sums.D, Pieces.Load(ref memory[at + (3 * Apart)]));
        sums.E = tokens.MultiplyAdd<TFormat>(sums.E, Pieces.Load(ref memory[at + (4 * Apart)]));
        sums.F = tokens.MultiplyAdd<TFormat>(sums.F, Pieces.Load(ref memory[at + (5 * Apart)]));
        sums.G = tokens.MultiplyAdd<TFormat>(sums.G, Pieces.Load(ref memory[at + (6 * Apart)]));
        sums.H = tokens.MultiplyAdd<TFormat>(sums.H, Pieces.Load(ref memory[at + (7 * Apart)]));
        return sums;
    }
}

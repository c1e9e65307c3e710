using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>
/// The instructions of AMD's matrix cores, and dot products of two columns. A lane's sums need what other lanes have in their
/// registers. C# has no registers of other lanes, so its bodies read the two matrices where the fragments came from, in shared
/// memory, and compute the same sums. They need no barrier, and a debugger steps through them.
/// </summary>
internal static class MatrixProducts
{
    [Wave("wave_wmma(result, sums, tokens, weights, bf16);"), IntrinsicImplementation]
    public static EightSums WmmaBFloat16(
        EightSums sums, MatrixFragment tokens, MatrixFragment weights, ref Pack stage) =>
        Add<Wmma<BFloat16Pairs>>(sums, 0, tokens, weights, ref stage, isBFloat16: true);

    [Wave("wave_wmma(result, sums, tokens, weights, f16);"), IntrinsicImplementation]
    public static EightSums WmmaFloat16(
        EightSums sums, MatrixFragment tokens, MatrixFragment weights, ref Pack stage) =>
        Add<Wmma<Float16Pairs>>(sums, 0, tokens, weights, ref stage, isBFloat16: false);

    [Wave("wave_wmma12(result, sums, tokens, weights, bf16);"), IntrinsicImplementation]
    public static EightSums Wmma12BFloat16(
        EightSums sums, MatrixFragment tokens, MatrixFragment weights, ref Pack stage) =>
        Add<Wmma12<BFloat16Pairs>>(sums, 0, tokens, weights, ref stage, isBFloat16: true);

    [Wave("wave_wmma12(result, sums, tokens, weights, f16);"), IntrinsicImplementation]
    public static EightSums Wmma12Float16(
        EightSums sums, MatrixFragment tokens, MatrixFragment weights, ref Pack stage) =>
        Add<Wmma12<Float16Pairs>>(sums, 0, tokens, weights, ref stage, isBFloat16: false);

    [Wave("wave_mfma(result, sums, tokens, weights, bf16);"), IntrinsicImplementation]
    public static SixteenSums MfmaBFloat16(
        SixteenSums sums, MatrixFragment tokens, MatrixFragment weights, ref Pack stage) => new()
        {
            Low = Add<Mfma<BFloat16Pairs>>(sums.Low, 0, tokens, weights, ref stage, isBFloat16: true),
            High = Add<Mfma<BFloat16Pairs>>(sums.High, 1, tokens, weights, ref stage, isBFloat16: true),
        };

    [Wave("wave_mfma(result, sums, tokens, weights, f16);"), IntrinsicImplementation]
    public static SixteenSums MfmaFloat16(
        SixteenSums sums, MatrixFragment tokens, MatrixFragment weights, ref Pack stage) => new()
        {
            Low = Add<Mfma<Float16Pairs>>(sums.Low, 0, tokens, weights, ref stage, isBFloat16: false),
            High = Add<Mfma<Float16Pairs>>(sums.High, 1, tokens, weights, ref stage, isBFloat16: false),
        };

    /// <summary>sum + both products of two neighbours, the lower ones first.</summary>
    [Wave("result = wave_dot2_bf16(sum, x, w);"), IntrinsicImplementation]
    public static float DotBFloat16(float sum, uint x, uint w) => Dot(sum, x, w, isBFloat16: true);

    [Wave("result = wave_dot2_f16(sum, x, w);"), IntrinsicImplementation]
    public static float DotFloat16(float sum, uint x, uint w) => Dot(sum, x, w, isBFloat16: false);

    // The token and the row of each sum within one product are those within the wave's part, less what lies before it.
    private static EightSums Add<TCore>(
        EightSums sums, int eight, MatrixFragment tokens, MatrixFragment weights, ref Pack stage, bool isBFloat16)
        where TCore : struct, IMatrixCore
    {
        int lane = Group.IdxX & (TCore.Lanes - 1);
        int row = weights.FirstRow + TCore.Row(lane, 0);
        for (int i = 0; i < 8; i++)
        {
            int token = tokens.FirstRow + TCore.Token(lane, eight, i);
            ref float sum = ref Unsafe.Add(ref sums.A, i);
            for (int piece = 0; piece < 2; piece++)
            {
                var x = Unsafe.Add(ref stage, MatrixTile.At(token, tokens.FirstPiece + piece));
                var w = Unsafe.Add(ref stage, MatrixTile.At(row, weights.FirstPiece + piece));
                sum = Dot(sum, x, w, isBFloat16);
            }
        }

        return sums;
    }

    /// <summary>sum + the products of eight columns, in order.</summary>
    internal static float Dot(float sum, Pack x, Pack w, bool isBFloat16)
    {
        sum = Dot(sum, x.A, w.A, isBFloat16);
        sum = Dot(sum, x.B, w.B, isBFloat16);
        sum = Dot(sum, x.C, w.C, isBFloat16);
        return Dot(sum, x.D, w.D, isBFloat16);
    }

    private static float Dot(float sum, uint x, uint w, bool isBFloat16)
    {
        sum = MathF.FusedMultiplyAdd(Decode((ushort)x, isBFloat16), Decode((ushort)w, isBFloat16), sum);
        return MathF.FusedMultiplyAdd(
            Decode((ushort)(x >> 16), isBFloat16), Decode((ushort)(w >> 16), isBFloat16), sum);
    }

    private static float Decode(ushort bits, bool isBFloat16) => isBFloat16
        ? BitConverter.UInt32BitsToSingle((uint)bits << 16)
        : (float)BitConverter.UInt16BitsToHalf(bits);
}

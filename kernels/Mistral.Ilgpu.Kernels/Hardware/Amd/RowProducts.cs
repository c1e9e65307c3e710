using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>
/// The instructions of <see cref="MatrixProducts"/> for columns in registers. Bodies in C# read the rows in shared memory, and
/// the column in the lane's own fragment, which has all sixteen numbers there (see <see cref="IRowCore.FirstPiece"/>).
/// </summary>
internal static class RowProducts
{
    [Wave("wave_wmma(result, sums, rows, columns, bf16);"), IntrinsicImplementation]
    public static EightSums WmmaBFloat16(EightSums sums, RowFragment rows, MatrixFragment columns, ref Pack memory) =>
        Add<Wmma<BFloat16Pairs>>(sums, 0, rows, columns.Low, columns.High, ref memory, isBFloat16: true);

    [Wave("wave_wmma(result, sums, rows, columns, f16);"), IntrinsicImplementation]
    public static EightSums WmmaFloat16(EightSums sums, RowFragment rows, MatrixFragment columns, ref Pack memory) =>
        Add<Wmma<Float16Pairs>>(sums, 0, rows, columns.Low, columns.High, ref memory, isBFloat16: false);

    [Wave("wave_wmma12(result, sums, rows, columns, bf16);"), IntrinsicImplementation]
    public static EightSums Wmma12BFloat16(EightSums sums, RowFragment rows, MatrixFragment columns, ref Pack memory) =>
        AddHalves<Wmma12<BFloat16Pairs>>(sums, 0, rows, columns, ref memory, isBFloat16: true);

    [Wave("wave_wmma12(result, sums, rows, columns, f16);"), IntrinsicImplementation]
    public static EightSums Wmma12Float16(EightSums sums, RowFragment rows, MatrixFragment columns, ref Pack memory) =>
        AddHalves<Wmma12<Float16Pairs>>(sums, 0, rows, columns, ref memory, isBFloat16: false);

    [Wave("wave_mfma(result, sums, rows, columns, bf16);"), IntrinsicImplementation]
    public static SixteenSums MfmaBFloat16(SixteenSums sums, RowFragment rows, MatrixFragment columns, ref Pack memory) => new()
    {
        Low = AddHalves<Mfma<BFloat16Pairs>>(sums.Low, 0, rows, columns, ref memory, isBFloat16: true),
        High = AddHalves<Mfma<BFloat16Pairs>>(sums.High, 1, rows, columns, ref memory, isBFloat16: true),
    };

    [Wave("wave_mfma(result, sums, rows, columns, f16);"), IntrinsicImplementation]
    public static SixteenSums MfmaFloat16(SixteenSums sums, RowFragment rows, MatrixFragment columns, ref Pack memory) => new()
    {
        Low = AddHalves<Mfma<Float16Pairs>>(sums.Low, 0, rows, columns, ref memory, isBFloat16: false),
        High = AddHalves<Mfma<Float16Pairs>>(sums.High, 1, rows, columns, ref memory, isBFloat16: false),
    };

    // A lane's first eight numbers are those of its half.
    private static EightSums AddHalves<TCore>(
        EightSums sums, int eight, RowFragment rows, MatrixFragment columns, ref Pack memory, bool isBFloat16)
        where TCore : struct, IRowCore
    {
        bool isUpper = (Group.IdxX & (TCore.Lanes / 2)) != 0;
        return Add<TCore>(
            sums, eight, rows, isUpper ? columns.High : columns.Low, isUpper ? columns.Low : columns.High, ref memory,
            isBFloat16);
    }

    private static EightSums Add<TCore>(
        EightSums sums, int eight, RowFragment rows, Pack first, Pack second, ref Pack memory, bool isBFloat16)
        where TCore : struct, IRowCore
    {
        int lane = Group.IdxX & (TCore.Lanes - 1);
        for (int i = 0; i < 8; i++)
        {
            int row = rows.FirstRow + TCore.Token(lane, eight, i);
            ref float sum = ref Unsafe.Add(ref sums.A, i);
            var x = Unsafe.Add(ref memory, MatrixRows.At(row, rows.FirstPiece, rows.Pieces));
            var y = Unsafe.Add(ref memory, MatrixRows.At(row, rows.FirstPiece + 1, rows.Pieces));
            sum = MatrixProducts.Dot(MatrixProducts.Dot(sum, x, first, isBFloat16), y, second, isBFloat16);
        }

        return sums;
    }
}

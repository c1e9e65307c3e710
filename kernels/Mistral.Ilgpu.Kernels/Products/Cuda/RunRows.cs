using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>A lane's part of one run of 32 rows of weights.</summary>
internal readonly struct RunRows<TFormat>
    where TFormat : struct, IPackedFormat
{
    private readonly RunWords _words;
    private readonly RunScale _scale;
    private readonly int _run;

    /// <param name="quants">Where a stage has them, see <see cref="RunPlace.Quants"/>.</param>
    /// <param name="scale">What the run of the row is multiplied with that has the lane's number.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RunRows(uint quants, int run, RunScale scale) =>
        (_words, _run, _scale) = (TFormat.WordsOfRows(quants, run), run, scale);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RunSums MultiplyAdd<TTokens>(RunSums sums, RunColumns first, RunColumns second)
        where TTokens : struct, ITokenBlocks
    {
        int lane = TensorLane.Row;
        var rows = TFormat.FactorsOfRows(_words, _run, 0);
        var (top, bottom) = (ScaleOf(lane), ScaleOf(lane + TensorLane.RowsApart));
        sums.First = MultiplyAdd(sums.First, rows, top, bottom, first);
        if (TTokens.AreTwo)
        {
            sums.Second = MultiplyAdd(sums.Second, rows, top, bottom, second);
        }

        rows = TFormat.FactorsOfRows(_words, _run, 1);
        (top, bottom) = (ScaleOf(lane + (2 * TensorLane.RowsApart)), ScaleOf(lane + (3 * TensorLane.RowsApart)));
        sums.LowerFirst = MultiplyAdd(sums.LowerFirst, rows, top, bottom, first);
        if (TTokens.AreTwo)
        {
            sums.LowerSecond = MultiplyAdd(sums.LowerSecond, rows, top, bottom, second);
        }

        return sums;
    }

    // Each lane made that of its own row.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private RunScale ScaleOf(int lane)
    {
        var scale = new RunScale { Low = Warp.Shuffle(_scale.Low, lane) };
        if (TFormat.HalvesDiffer)
        {
            scale.High = Warp.Shuffle(_scale.High, lane);
        }

        if (TFormat.HasOffsets)
        {
            scale.LowOffset = Warp.Shuffle(_scale.LowOffset, lane);
        }

        if (TFormat.HasOffsets && TFormat.HalvesDiffer)
        {
            scale.HighOffset = Warp.Shuffle(_scale.HighOffset, lane);
        }

        return scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Sums16x8 MultiplyAdd(Sums16x8 sums, Pack rows, RunScale top, RunScale bottom, RunColumns input)
    {
        int bits = TFormat.FactorBits;
        var low = TFormat.HalvesDiffer ? WholeSums.OfHalf(rows.A, rows.B, input.Low, bits) : WholeSums.OfRun(rows, input, bits);
        var high = TFormat.HalvesDiffer ? WholeSums.OfHalf(rows.C, rows.D, input.High, bits) : default;
        return new Sums16x8
        {
            A = RunSum.Add<TFormat>(sums.A, low.A, high.A, top, input.First),
            B = RunSum.Add<TFormat>(sums.B, low.B, high.B, top, input.Second),
            C = RunSum.Add<TFormat>(sums.C, low.C, high.C, bottom, input.First),
            D = RunSum.Add<TFormat>(sums.D, low.D, high.D, bottom, input.Second),
        };
    }
}

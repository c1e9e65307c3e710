using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels;

/// <summary>A lane's part of one run of eight tokens, the columns' side of a product of whole numbers.</summary>
internal struct RunColumns
{
    /// <summary>Four quants of the token lane / 4, from 4 × (lane mod 4) on, of each half.</summary>
    public uint Low, High;

    /// <summary>The run's entry in <see cref="PackedInput"/> of the tokens 2 × (lane mod 4) and of the next.</summary>
    public Float4 First, Second;
}

/// <summary>A lane's part of one run of sixteen rows of weights.</summary>
internal readonly struct RunRows<TFormat>
    where TFormat : struct, IPackedFormat
{
    private readonly uint _topLow, _topHigh, _bottomLow, _bottomHigh;
    private readonly RunScale _top, _bottom;

    /// <param name="top">The block of the lane's upper row, lane / 4.</param>
    /// <param name="bottom">That of the row eight below.</param>
    /// <param name="i">Which four quants of each half are the lane's: lane mod 4.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public RunRows(BlockWeights weights, long top, long bottom, int run, int i)
    {
        _topLow = TFormat.Four(weights.Quants, top, run, 0, i);
        _topHigh = TFormat.Four(weights.Quants, top, run, 1, i);
        _bottomLow = TFormat.Four(weights.Quants, bottom, run, 0, i);
        _bottomHigh = TFormat.Four(weights.Quants, bottom, run, 1, i);
        _top = TFormat.ScaleOf(TFormat.ScaleWordsOf(weights.Scales, top, run), run);
        _bottom = TFormat.ScaleOf(TFormat.ScaleWordsOf(weights.Scales, bottom, run), run);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Sums16x8 MultiplyAdd(Sums16x8 sums, RunColumns input)
    {
        var low = default(WholeSums);
        var high = default(WholeSums);
        if (TFormat.HalvesDiffer)
        {
            low = WholeSums.OfHalf(_topLow, _bottomLow, input.Low);
            high = WholeSums.OfHalf(_topHigh, _bottomHigh, input.High);
        }
        else
        {
            low = WholeSums.OfRun(_topLow, _bottomLow, _topHigh, _bottomHigh, input.Low, input.High);
        }

        return new Sums16x8
        {
            A = RunSum.Add<TFormat>(sums.A, low.A, high.A, _top, input.First),
            B = RunSum.Add<TFormat>(sums.B, low.B, high.B, _top, input.Second),
            C = RunSum.Add<TFormat>(sums.C, low.C, high.C, _bottom, input.First),
            D = RunSum.Add<TFormat>(sums.D, low.D, high.D, _bottom, input.Second),
        };
    }
}

/// <summary>A lane's part of a 16 × 8 matrix of whole sums, laid out as <see cref="Sums16x8"/>.</summary>
internal struct WholeSums
{
    public int A, B, C, D;

    /// <summary>Sixteen rows × sixteen columns of weights, times eight tokens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WholeSums OfHalf(uint top, uint bottom, uint column)
    {
        Ref<int> a = 0, b = 0, c = 0, d = 0;
        Input<uint> a0 = top, a1 = bottom, b0 = column;
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};",
            ref a, ref b, ref c, ref d, ref a0, ref a1, ref b0);
        return new WholeSums { A = a.Value, B = b.Value, C = c.Value, D = d.Value };
    }

    /// <summary>Sixteen rows × 32 columns of weights, times eight tokens.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WholeSums OfRun(uint topLow, uint bottomLow, uint topHigh, uint bottomHigh, uint columnLow, uint columnHigh)
    {
        Ref<int> a = 0, b = 0, c = 0, d = 0;
        Input<uint> a0 = topLow, a1 = bottomLow, a2 = topHigh, a3 = bottomHigh, b0 = columnLow, b1 = columnHigh;
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};",
            ref a, ref b, ref c, ref d, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1);
        return new WholeSums { A = a.Value, B = b.Value, C = c.Value, D = d.Value };
    }
}

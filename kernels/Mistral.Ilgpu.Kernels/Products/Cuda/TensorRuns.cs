using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>A lane's part of one run of eight tokens, the columns' side of a product of whole numbers.</summary>
internal struct RunColumns
{
    /// <summary>Four quants of the token lane / 4, from 4 × (lane mod 4) on, of each half.</summary>
    public uint Low, High;

    /// <summary>The run's entry in <see cref="Inputs.PackedInput"/> of the tokens 2 × (lane mod 4) and of the next; its scale
    /// alone where weights have no offsets.</summary>
    public Float4 First, Second;

    /// <summary>Those of up to sixteen tokens, from a stage.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (RunColumns First, RunColumns Second) Load<TFormat, TTokens>(uint stage, in RunPlace place)
        where TFormat : struct, IPackedFormat
        where TTokens : struct, ITokenBlocks
    {
        var halves = TileMemory.Load(stage + place.Values);
        uint entry = stage + place.Entries;
        return (
            At<TFormat>(halves.A, halves.B, entry),
            TTokens.AreTwo ? At<TFormat>(halves.C, halves.D, entry + (8 * RunStage.EntriesPitch)) : default);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static RunColumns At<TFormat>(uint low, uint high, uint entry)
        where TFormat : struct, IPackedFormat => new()
        {
            Low = low,
            High = high,
            First = TFormat.HasOffsets ? TensorShared.LoadFloats(entry) : new Float4 { A = TensorShared.Load(entry) },
            Second = TFormat.HasOffsets
                ? TensorShared.LoadFloats(entry + RunStage.EntriesPitch)
                : new Float4 { A = TensorShared.Load(entry + RunStage.EntriesPitch) },
        };
}

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

/// <summary>A lane's sums of 32 rows times up to sixteen tokens: the upper sixteen rows times the first eight tokens, times the
/// others, and the lower rows.</summary>
internal struct RunSums
{
    public Sums16x8 First, Second, LowerFirst, LowerSecond;
}

/// <summary>A lane's part of a 16 × 8 matrix of whole sums, laid out as <see cref="Sums16x8"/>.</summary>
internal struct WholeSums
{
    public float A, B, C, D;

    // Whole numbers that are counted from these bits on are floats from 3 × 2^22 on, as bits; with an exponent less by n they are
    // 2^n times smaller. Taking the start off is exact, and one addition where a conversion takes two turns or more of a unit
    // that has other work.
    private const uint StartBits = 0x4B400000;
    private const int ExponentAt = 23;

    /// <summary>Sixteen rows × sixteen columns of weights, times eight tokens, and 2 to the <paramref name="factorBits"/> times
    /// smaller.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WholeSums OfHalf(uint top, uint bottom, uint column, int factorBits)
    {
        Output<uint> a = default, b = default, c = default, d = default;
        Input<uint> a0 = top, a1 = bottom, b0 = column;
        Input<uint> start = StartBits - ((uint)factorBits << ExponentAt);
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k16.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%7, %7, %7, %7};",
            ref a, ref b, ref c, ref d, ref a0, ref a1, ref b0, ref start);
        return Of(a.Value, b.Value, c.Value, d.Value, factorBits);
    }

    /// <summary>Sixteen rows × 32 columns of weights likewise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static WholeSums OfRun(Pack rows, RunColumns input, int factorBits)
    {
        Output<uint> a = default, b = default, c = default, d = default;
        Input<uint> a0 = rows.A, a1 = rows.B, a2 = rows.C, a3 = rows.D, b0 = input.Low, b1 = input.High;
        Input<uint> start = StartBits - ((uint)factorBits << ExponentAt);
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %10, %10, %10};",
            ref a, ref b, ref c, ref d, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref start);
        return Of(a.Value, b.Value, c.Value, d.Value, factorBits);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static WholeSums Of(uint a, uint b, uint c, uint d, int factorBits)
    {
        float start = 12582912f / (1 << factorBits);
        return new WholeSums
        {
            A = Interop.IntAsFloat(a) - start,
            B = Interop.IntAsFloat(b) - start,
            C = Interop.IntAsFloat(c) - start,
            D = Interop.IntAsFloat(d) - start,
        };
    }
}

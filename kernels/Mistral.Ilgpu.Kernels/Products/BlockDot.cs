using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// Rows of at least eight runs in blocks by activations in eight bits, eight runs at a time. Each product is eight running sums
/// of whole numbers' sums times their scales, and eight of offsets. Every shape makes it in the same order.
/// </summary>
internal static class BlockDot<TFormat>
    where TFormat : struct, IBlockFormat
{
    private const int Eight = 8;

    /// <summary>Rows of weights by one row of activations, or half as many by <see cref="Tokens"/>.</summary>
    public const int Rows = 4;

    public const int Tokens = 4;

    private static int RunsInBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.BlockLength / BlockRun.Length;
    }

    /// <summary>Four rows by one.</summary>
    /// <param name="quants">Of the first row.</param>
    /// <param name="quantStride">From one row to the next.</param>
    /// <param name="x">Values of one token.</param>
    /// <param name="inputs">Its scales, see <see cref="Kernels.Inputs.VectorInput"/>.</param>
    /// <param name="last">Rows past this one repeat it.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Vector128<float> OfOne(
        ref byte quants, nint quantStride, ref ushort scales, nint scaleStride, int last, ref sbyte x, ref float inputs, int runs)
    {
        Span<float> low = stackalloc float[Rows * Eight];
        Span<float> high = stackalloc float[Rows * Eight];
        int row1 = Math.Min(1, last), row2 = Math.Min(2, last), row3 = Math.Min(3, last);
        Vector256<float> y0 = default, y1 = default, y2 = default, y3 = default;
        Vector256<float> o0 = default, o1 = default, o2 = default, o3 = default;
        ref float l = ref low[0];
        ref float h = ref high[0];
        for (int next = 0; next < runs; next += Eight)
        {
            // A row's last eight runs begin with some that were taken already.
            int run = Math.Min(next, runs - Eight);
            var input = new Inputs(ref inputs, runs, run, next - run);
            nint scaleAt = run / RunsInBlock * TFormat.ScaleWords;
            o0 = Scale(TFormat.ScalesOf(ref Unsafe.Add(ref scales, scaleAt)), input, o0, ref l, ref h);
            o1 = Scale(
                TFormat.ScalesOf(ref Unsafe.Add(ref scales, (row1 * scaleStride) + scaleAt)),
                input, o1, ref Unsafe.Add(ref l, Eight), ref Unsafe.Add(ref h, Eight));
            o2 = Scale(
                TFormat.ScalesOf(ref Unsafe.Add(ref scales, (row2 * scaleStride) + scaleAt)),
                input, o2, ref Unsafe.Add(ref l, 2 * Eight), ref Unsafe.Add(ref h, 2 * Eight));
            o3 = Scale(
                TFormat.ScalesOf(ref Unsafe.Add(ref scales, (row3 * scaleStride) + scaleAt)),
                input, o3, ref Unsafe.Add(ref l, 3 * Eight), ref Unsafe.Add(ref h, 3 * Eight));
            for (int i = next - run; i < Eight; i++)
            {
                var values = Vector256.LoadUnsafe(ref x, (nuint)((run + i) * BlockRun.Length));
                nint at = (run + i) / RunsInBlock * TFormat.QuantBytes;
                int part = (run + i) % RunsInBlock;
                y0 = Add(
                    TFormat.RunOf(ref Unsafe.Add(ref quants, at), part), values,
                    ref Unsafe.Add(ref l, i), ref Unsafe.Add(ref h, i), y0);
                y1 = Add(
                    TFormat.RunOf(ref Unsafe.Add(ref quants, (row1 * quantStride) + at), part),
                    values, ref Unsafe.Add(ref l, Eight + i), ref Unsafe.Add(ref h, Eight + i), y1);
                y2 = Add(
                    TFormat.RunOf(ref Unsafe.Add(ref quants, (row2 * quantStride) + at), part),
                    values, ref Unsafe.Add(ref l, (2 * Eight) + i), ref Unsafe.Add(ref h, (2 * Eight) + i), y2);
                y3 = Add(
                    TFormat.RunOf(ref Unsafe.Add(ref quants, (row3 * quantStride) + at), part),
                    values, ref Unsafe.Add(ref l, (3 * Eight) + i), ref Unsafe.Add(ref h, (3 * Eight) + i), y3);
            }
        }

        return Vector128.Create(Sum(y0, o0), Sum(y1, o1), Sum(y2, o2), Sum(y3, o3));
    }

    /// <summary>Two rows by four.</summary>
    /// <param name="valueStride">From one token's values to the next.</param>
    /// <param name="inputStride">From one token's scales to the next.</param>
    /// <param name="y">The first row's products, then the second's.</param>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OfFour(
        ref byte quants, nint quantStride, ref ushort scales, nint scaleStride,
        ref sbyte x, int valueStride, ref float inputs, int inputStride, int runs, Span<float> y)
    {
        Span<float> low = stackalloc float[2 * Tokens * Eight];
        Span<float> high = stackalloc float[2 * Tokens * Eight];
        Span<Vector256<float>> offsets = stackalloc Vector256<float>[2 * Tokens];
        offsets.Clear();
        Vector256<float> y00 = default, y01 = default, y02 = default, y03 = default;
        Vector256<float> y10 = default, y11 = default, y12 = default, y13 = default;
        ref float l = ref low[0];
        ref float h = ref high[0];
        for (int next = 0; next < runs; next += Eight)
        {
            int run = Math.Min(next, runs - Eight);
            nint scaleAt = run / RunsInBlock * TFormat.ScaleWords;
            var first = TFormat.ScalesOf(ref Unsafe.Add(ref scales, scaleAt));
            var second = TFormat.ScalesOf(ref Unsafe.Add(ref scales, scaleStride + scaleAt));
            for (int token = 0; token < Tokens; token++)
            {
                var input = new Inputs(ref Unsafe.Add(ref inputs, token * inputStride), runs, run, next - run);
                int other = Tokens + token;
                offsets[token] = Scale(
                    first, input, offsets[token], ref Unsafe.Add(ref l, token * Eight), ref Unsafe.Add(ref h, token * Eight));
                offsets[other] = Scale(
                    second, input, offsets[other], ref Unsafe.Add(ref l, other * Eight), ref Unsafe.Add(ref h, other * Eight));
            }

            for (int i = next - run; i < Eight; i++)
            {
                ref sbyte values = ref Unsafe.Add(ref x, (run + i) * BlockRun.Length);
                var x0 = Vector256.LoadUnsafe(ref values);
                var x1 = Vector256.LoadUnsafe(ref values, (nuint)valueStride);
                var x2 = Vector256.LoadUnsafe(ref values, (nuint)(2 * valueStride));
                var x3 = Vector256.LoadUnsafe(ref values, (nuint)(3 * valueStride));
                nint at = (run + i) / RunsInBlock * TFormat.QuantBytes;
                int part = (run + i) % RunsInBlock;
                var q = TFormat.RunOf(ref Unsafe.Add(ref quants, at), part);
                y00 = Add(q, x0, ref Unsafe.Add(ref l, i), ref Unsafe.Add(ref h, i), y00);
                y01 = Add(q, x1, ref Unsafe.Add(ref l, Eight + i), ref Unsafe.Add(ref h, Eight + i), y01);
                y02 = Add(q, x2, ref Unsafe.Add(ref l, (2 * Eight) + i), ref Unsafe.Add(ref h, (2 * Eight) + i), y02);
                y03 = Add(q, x3, ref Unsafe.Add(ref l, (3 * Eight) + i), ref Unsafe.Add(ref h, (3 * Eight) + i), y03);
                q = TFormat.RunOf(ref Unsafe.Add(ref quants, quantStride + at), part);
                y10 = Add(q, x0, ref Unsafe.Add(ref l, (4 * Eight) + i), ref Unsafe.Add(ref h, (4 * Eight) + i), y10);
                y11 = Add(q, x1, ref Unsafe.Add(ref l, (5 * Eight) + i), ref Unsafe.Add(ref h, (5 * Eight) + i), y11);
                y12 = Add(q, x2, ref Unsafe.Add(ref l, (6 * Eight) + i), ref Unsafe.Add(ref h, (6 * Eight) + i), y12);
                y13 = Add(q, x3, ref Unsafe.Add(ref l, (7 * Eight) + i), ref Unsafe.Add(ref h, (7 * Eight) + i), y13);
            }
        }

        (y[0], y[1], y[2], y[3]) = (Sum(y00, offsets[0]), Sum(y01, offsets[1]), Sum(y02, offsets[2]), Sum(y03, offsets[3]));
        (y[4], y[5], y[6], y[7]) = (Sum(y10, offsets[4]), Sum(y11, offsets[5]), Sum(y12, offsets[6]), Sum(y13, offsets[7]));
    }

    /// <returns>The running sums of offsets.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Scale(
        EightScales scales, Inputs input, Vector256<float> offsets, ref float low, ref float high)
    {
        (scales.Low * input.Scale).StoreUnsafe(ref low);
        if (TFormat.HalvesDiffer)
        {
            (scales.High * input.Scale).StoreUnsafe(ref high);
        }

        return TFormat.HasOffsets
            ? Vector256.MultiplyAddEstimate(
                scales.LowOffset, input.Low, Vector256.MultiplyAddEstimate(scales.HighOffset, input.High, offsets))
            : offsets;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Add(
        Vector256<sbyte> quants, Vector256<sbyte> x, ref float low, ref float high, Vector256<float> sums)
    {
        var scale = TFormat.HalvesDiffer
            ? Vector256.Create(Vector128.Create(low), Vector128.Create(high))
            : Vector256.Create(low);
        return Vector256.MultiplyAddEstimate(Vector256.ConvertToSingle(WholeNumbers.Dot(quants, x)), scale, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Sum(Vector256<float> sums, Vector256<float> offsets)
    {
        var eight = TFormat.HasOffsets ? sums + offsets : sums;
        var four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    /// <summary>The scales of eight runs of activations, those of the first <c>skip</c> zero.</summary>
    private readonly ref struct Inputs
    {
        public readonly Vector256<float> Scale;
        public readonly Vector256<float> Low;
        public readonly Vector256<float> High;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Inputs(ref float inputs, int runs, int run, int skip)
        {
            Scale = Vector256.LoadUnsafe(ref inputs, (nuint)run);
            if (TFormat.HasOffsets)
            {
                var isTaken = Vector256.GreaterThanOrEqual(Vector256<int>.Indices, Vector256.Create(skip)).AsSingle();
                Low = Vector256.LoadUnsafe(ref inputs, (nuint)(runs + run)) & isTaken;
                High = Vector256.LoadUnsafe(ref inputs, (nuint)((2 * runs) + run)) & isTaken;
            }
        }
    }
}

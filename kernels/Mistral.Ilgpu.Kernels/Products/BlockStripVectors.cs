using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="BlockStripMatVec{TFormat,TResult}"/> for the CPU accelerator. A work item takes neighbouring strips. A strip's
/// weights are unpacked a run at a time for up to <see cref="TokensAtOnce"/> tokens. A row's sum goes through the runs in order.
/// </summary>
[CpuForm(Vectors.Reason)]
public readonly record struct BlockStripVectors<TFormat, TResult>(
    StepState State,
    StripWeights Weights,
    VectorInput Input,
    ArrayView<float> Output,
    int Rows,
    int OutputStride,
    RowRange Tokens) : ISharedKernel
    where TFormat : struct, IStripFormat
    where TResult : struct, IResult
{
    private const int TokensAtOnce = 8;

    public int SharesPerThread => WorkShare.PerThread((long)Rows * Weights.Columns);

    public void Execute() => Execute(WorkShare.Current);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(WorkShare share)
    {
        int begin = Tokens.First(State);
        int end = Tokens.End(State);
        int runs = Input.Runs;
        int blocks = Weights.Columns / TFormat.BlockLength;
        ref int quants = ref Weights.Quants[0];
        ref ushort floats = ref Weights.BlockFloats[0];
        ref sbyte bytes = ref TFormat.RunBytes == 0 ? ref Unsafe.NullRef<sbyte>() : ref Weights.RunBytes[0];
        ref sbyte x = ref Input.Values[0];
        ref float inputs = ref Input.Scales[0];
        Span<Vector512<float>> sums = stackalloc Vector512<float>[TokensAtOnce];
        var (first, last) = share.Neighbours(0, Strip.Count(Rows));
        for (long strip = first; strip < last; strip++)
        {
            ref int q = ref Unsafe.Add(ref quants, (nint)(strip * runs * TFormat.Bits * Strip.Rows));
            ref ushort f = ref Unsafe.Add(ref floats, (nint)(strip * blocks * TFormat.BlockFloats * Strip.Rows));
            ref sbyte b = ref Unsafe.Add(ref bytes, (nint)(strip * runs * TFormat.RunBytes * Strip.Rows));
            for (int token = begin; token < end; token += TokensAtOnce)
            {
                int tokens = Math.Min(TokensAtOnce, end - token);
                Take(
                    ref q, ref f, ref b, runs, ref Unsafe.Add(ref x, (nint)token * Input.Stride),
                    ref Unsafe.Add(ref inputs, (nint)token * 4 * runs), ref sums[0], tokens);
                for (int t = 0; t < tokens; t++)
                {
                    Write(token + t, (int)strip * Strip.Rows, ref Unsafe.As<Vector512<float>, float>(ref sums[t]));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Take(
        ref int quants, ref ushort floats, ref sbyte bytes, int runs, ref sbyte x, ref float inputs,
        ref Vector512<float> sums, int tokens)
    {
        if (Vectors.AreQuarters)
        {
            BlockStripQuarters<TFormat>.Take(
                ref quants, ref floats, ref bytes, runs, ref x, ref inputs,
                ref Unsafe.As<Vector512<float>, float>(ref sums), tokens);
            return;
        }

        for (int t = 0; t < tokens; t++)
        {
            Unsafe.Add(ref sums, t) = Vector512<float>.Zero;
        }

        Vector512<float> d = default, m = default;
        nint stride = runs * BlockRun.Length;
        nint inputStride = 4 * runs;
        for (int run = 0; run < runs; run++)
        {
            if (run % (TFormat.BlockLength / BlockRun.Length) == 0)
            {
                d = StripVectors.Floats(ref floats, 0);
                m = TFormat.BlockFloats == 2 ? StripVectors.Floats(ref floats, 1) : default;
                floats = ref Unsafe.Add(ref floats, TFormat.BlockFloats * Strip.Rows);
            }

            if (tokens == 1)
            {
                // More tokens find the weights in the cache.
                for (int vector = 0; vector < TFormat.Bits; vector++)
                {
                    Vectors.Prefetch(ref Unsafe.Add(ref quants, vector * Strip.Rows));
                }

                Vectors.Prefetch(ref floats);
                if (TFormat.RunBytes > 0)
                {
                    Vectors.Prefetch(ref bytes);
                }
            }

            var quads = new EightQuads(
                StripVectors.Quad<TFormat>(ref quants, 0), StripVectors.Quad<TFormat>(ref quants, 1),
                StripVectors.Quad<TFormat>(ref quants, 2), StripVectors.Quad<TFormat>(ref quants, 3),
                StripVectors.Quad<TFormat>(ref quants, 4), StripVectors.Quad<TFormat>(ref quants, 5),
                StripVectors.Quad<TFormat>(ref quants, 6), StripVectors.Quad<TFormat>(ref quants, 7));
            ref sbyte values = ref x;
            ref float input = ref inputs;
            if (TFormat.HalvesDiffer)
            {
                var (low, high) = (d * StripVectors.Bytes(ref bytes, 0), d * StripVectors.Bytes(ref bytes, 1));
                var (lowOffset, highOffset) = TFormat.HasOffsets
                    ? (m * -StripVectors.Bytes(ref bytes, 2), m * -StripVectors.Bytes(ref bytes, 3))
                    : (low * -StripVectors.Bias<TFormat>(), high * -StripVectors.Bias<TFormat>());
                for (int t = 0; t < tokens; t++)
                {
                    var sum = Unsafe.Add(ref sums, t);
                    var scale = Vector512.Create(input);
                    var whole = Vector512.ConvertToSingle(ByteProducts.OfHalf(
                        StripVectors.Bits<TFormat>(), quads.A, quads.B, quads.C, quads.D, ref values));
                    sum = Vectors.MultiplyAdd(whole * scale, low, sum);
                    sum = Vectors.MultiplyAdd(lowOffset, Vector512.Create(Unsafe.Add(ref input, 1)), sum);
                    whole = Vector512.ConvertToSingle(ByteProducts.OfHalf(
                        StripVectors.Bits<TFormat>(), quads.E, quads.F, quads.G, quads.H, ref Unsafe.Add(ref values, BlockRun.Half)));
                    sum = Vectors.MultiplyAdd(whole * scale, high, sum);
                    Unsafe.Add(ref sums, t) = Vectors.MultiplyAdd(highOffset, Vector512.Create(Unsafe.Add(ref input, 2)), sum);
                    values = ref Unsafe.Add(ref values, stride);
                    input = ref Unsafe.Add(ref input, inputStride);
                }
            }
            else
            {
                var scales = TFormat.RunBytes == 0 ? d : d * StripVectors.Bytes(ref bytes, 0);
                var offsets = !TFormat.HasOffsets ? scales * -StripVectors.Bias<TFormat>()
                    : TFormat.RunBytes == 0 ? m
                    : m * -StripVectors.Bytes(ref bytes, 1);
                for (int t = 0; t < tokens; t++)
                {
                    var whole = Vector512.ConvertToSingle(ByteProducts.OfRun(StripVectors.Bits<TFormat>(), in quads, ref values));
                    var sum = Vectors.MultiplyAdd(whole * Vector512.Create(input), scales, Unsafe.Add(ref sums, t));
                    Unsafe.Add(ref sums, t) = !TFormat.HasOffsets && StripVectors.Bias<TFormat>() == 0 ? sum
                        : Vectors.MultiplyAdd(offsets, Vector512.Create(Unsafe.Add(ref input, 3)), sum);
                    values = ref Unsafe.Add(ref values, stride);
                    input = ref Unsafe.Add(ref input, inputStride);
                }
            }

            quants = ref Unsafe.Add(ref quants, TFormat.Bits * Strip.Rows);
            bytes = ref Unsafe.Add(ref bytes, TFormat.RunBytes * Strip.Rows);
            x = ref Unsafe.Add(ref x, BlockRun.Length);
            inputs = ref Unsafe.Add(ref inputs, 4);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int token, int row, ref float sums)
    {
        ref float to = ref Output[((long)token * OutputStride) + row];
        if (row + Strip.Rows <= Rows)
        {
            TResult.Write(ref sums, ref to);
            return;
        }

        for (int i = 0; i < Rows - row; i++)
        {
            ref float y = ref Unsafe.Add(ref to, i);
            y = TResult.Combine(y, Unsafe.Add(ref sums, i));
        }
    }
}

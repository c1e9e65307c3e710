using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// A strip's sums in <see cref="BlockStripVectors{TFormat,TResult}"/> on processors whose registers have 128 bits, four rows
/// after the other. Eight quads of four rows fit the registers; those of sixteen do not. .NET makes vectors of 512 bits from
/// smaller ones there, and inlines only so many of their operations.
/// </summary>
internal static class BlockStripQuarters<TFormat>
    where TFormat : struct, IStripFormat
{
    private const int Rows = 4;

    /// <param name="sums">Receives the sums: tokens × rows of a strip.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Take(
        ref int quants, ref ushort floats, ref sbyte bytes, int runs, ref sbyte x, ref float inputs, ref float sums, int tokens)
    {
        for (int t = 0; t < tokens; t++)
        {
            Vector512<float>.Zero.StoreUnsafe(ref sums, (nuint)(t * Strip.Rows));
        }

        Span<float> blocks = stackalloc float[2 * Strip.Rows];
        for (int run = 0; run < runs; run++)
        {
            if (run % (TFormat.BlockLength / BlockRun.Length) == 0)
            {
                for (int i = 0; i < TFormat.BlockFloats; i++)
                {
                    StripVectors.Floats(ref floats, i).StoreUnsafe(ref blocks[i * Strip.Rows]);
                }

                floats = ref Unsafe.Add(ref floats, TFormat.BlockFloats * Strip.Rows);
            }

            for (int row = 0; row < Strip.Rows; row += Rows)
            {
                TakeRun(
                    ref Unsafe.Add(ref quants, row), Vector128.LoadUnsafe(ref blocks[row]),
                    Vector128.LoadUnsafe(ref blocks[Strip.Rows + row]), ref Unsafe.Add(ref bytes, row), runs, ref x, ref inputs,
                    ref Unsafe.Add(ref sums, row), tokens);
            }

            quants = ref Unsafe.Add(ref quants, TFormat.Bits * Strip.Rows);
            bytes = ref Unsafe.Add(ref bytes, TFormat.RunBytes * Strip.Rows);
            x = ref Unsafe.Add(ref x, BlockRun.Length);
            inputs = ref Unsafe.Add(ref inputs, 4);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TakeRun(
        ref int quants, Vector128<float> d, Vector128<float> m, ref sbyte bytes, int runs, ref sbyte x, ref float input,
        ref float sums, int tokens)
    {
        var (q0, q1) = (StripQuarters.Quad<TFormat>(ref quants, 0), StripQuarters.Quad<TFormat>(ref quants, 1));
        var (q2, q3) = (StripQuarters.Quad<TFormat>(ref quants, 2), StripQuarters.Quad<TFormat>(ref quants, 3));
        var (q4, q5) = (StripQuarters.Quad<TFormat>(ref quants, 4), StripQuarters.Quad<TFormat>(ref quants, 5));
        var (q6, q7) = (StripQuarters.Quad<TFormat>(ref quants, 6), StripQuarters.Quad<TFormat>(ref quants, 7));
        var low = TFormat.RunBytes == 0 ? d : d * StripQuarters.Bytes(ref bytes, 0);
        var high = TFormat.HalvesDiffer ? d * StripQuarters.Bytes(ref bytes, 1) : low;
        // Minima are behind the scales.
        int minimum = TFormat.HalvesDiffer ? 2 : 1;
        var lowOffset = !TFormat.HasOffsets ? low * -StripQuarters.Bias<TFormat>()
            : TFormat.RunBytes == 0 ? m : m * -StripQuarters.Bytes(ref bytes, minimum);
        var highOffset = !TFormat.HalvesDiffer ? lowOffset
            : TFormat.HasOffsets ? m * -StripQuarters.Bytes(ref bytes, 3) : high * -StripQuarters.Bias<TFormat>();
        for (int t = 0; t < tokens; t++)
        {
            var (first, other) = (Vector128.LoadUnsafe(ref x), Vector128.LoadUnsafe(ref x, BlockRun.Half));
            var scale = Vector128.Create(input);
            var sum = Vector128.LoadUnsafe(ref sums);
            var whole = QuarterProducts.OfHalf(Vector128<int>.Zero, q0, q1, q2, q3, first);
            if (TFormat.HalvesDiffer)
            {
                sum = Vectors.MultiplyAdd(Vector128.ConvertToSingle(whole) * scale, low, sum);
                sum = Vectors.MultiplyAdd(lowOffset, Vector128.Create(Unsafe.Add(ref input, 1)), sum);
                whole = QuarterProducts.OfHalf(Vector128<int>.Zero, q4, q5, q6, q7, other);
                sum = Vectors.MultiplyAdd(Vector128.ConvertToSingle(whole) * scale, high, sum);
                sum = Vectors.MultiplyAdd(highOffset, Vector128.Create(Unsafe.Add(ref input, 2)), sum);
            }
            else
            {
                whole = QuarterProducts.OfHalf(whole, q4, q5, q6, q7, other);
                sum = Vectors.MultiplyAdd(Vector128.ConvertToSingle(whole) * scale, low, sum);
                sum = !TFormat.HasOffsets && StripQuarters.Bias<TFormat>() == 0 ? sum
                    : Vectors.MultiplyAdd(lowOffset, Vector128.Create(Unsafe.Add(ref input, 3)), sum);
            }

            sum.StoreUnsafe(ref sums);
            sums = ref Unsafe.Add(ref sums, Strip.Rows);
            x = ref Unsafe.Add(ref x, (nint)runs * BlockRun.Length);
            input = ref Unsafe.Add(ref input, (nint)runs * 4);
        }
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="MatVecPacks{TFormat,TElement,TResult}"/> for the CPU accelerator, few tokens or many. A work item takes four rows
/// and goes through the tokens four at a time with <see cref="VectorDot{TFormat,TElement}"/>. No barriers.
/// </summary>
[CpuForm(Vectors.Reason)]
public readonly record struct MatVecVectors<TFormat, TElement, TResult>(
    StepState State,
    ArrayView<TElement> Weights,
    ArrayView<float> Input,
    ArrayView<float> Output,
    int Rows,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : ISharedKernel
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
    where TResult : struct, IResult
{
    private const int Tile = VectorDot<TFormat, TElement>.Tile;

    public void Execute() => Execute(WorkShare.Current);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(WorkShare share)
    {
        int begin = Tokens.First(State);
        int end = Tokens.End(State);
        ref var weights = ref Weights[0];
        ref float input = ref Input[0];
        Span<Vector128<float>> y = stackalloc Vector128<float>[Tile];
        var (firstTile, endTile) = share.Neighbours(0, (Rows + Tile - 1) / Tile);
        int atOnce = VectorDot<TFormat, TElement>.TokensAtOnce(InputStride);
        for (int first = begin; first < end; first += atOnce)
        {
            int last = Math.Min(first + atOnce, end);
            for (long row = firstTile * Tile; row < endTile * Tile; row += Tile)
            {
                // Rows past the end repeat the last one.
                ref var w0 = ref Row(ref weights, row);
                ref var w1 = ref Row(ref weights, row + 1);
                ref var w2 = ref Row(ref weights, row + 2);
                ref var w3 = ref Row(ref weights, row + 3);
                int token = first;
                for (; token + Tile <= last; token += Tile)
                {
                    VectorDot<TFormat, TElement>.OfFour(
                        ref w0, ref w1, ref w2, ref w3,
                        ref Unsafe.Add(ref input, (nint)token * InputStride), InputStride, InputStride, y);
                    for (int i = 0; i < Tile; i++)
                    {
                        Write(token + i, (int)row, y[i]);
                    }
                }

                for (; token < last; token++)
                {
                    Write(token, (int)row, VectorDot<TFormat, TElement>.OfOne(
                        ref w0, ref w1, ref w2, ref w3, ref Unsafe.Add(ref input, (nint)token * InputStride), InputStride));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref TElement Row(ref TElement weights, long row) =>
        ref Unsafe.Add(ref weights, (nint)(Math.Min(row, Rows - 1) * InputStride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int token, int row, Vector128<float> products)
    {
        int rows = Math.Min(Tile, Rows - row);
        ref float to = ref Output[((long)token * OutputStride) + row];
        for (int i = 0; i < rows; i++)
        {
            ref float y = ref Unsafe.Add(ref to, i);
            y = TResult.Combine(y, TFormat.Scaled(products[i], Weights, InputStride, row + i));
        }
    }
}

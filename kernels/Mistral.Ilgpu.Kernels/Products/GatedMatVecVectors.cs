using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;
using Mistral.Ilgpu.Kernels.Rows;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="GatedMatVecPacks{TFormat,TElement}"/> for the CPU accelerator: a work item takes two rows of G and their rows of U,
/// as <see cref="MatVecVectors{TFormat,TElement,TResult}"/> takes four.
/// </summary>
[CpuForm(Vectors.Reason)]
public readonly record struct GatedMatVecVectors<TFormat, TElement>(
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
        var (firstPair, endPair) = share.Neighbours(0, (Rows + 1) / 2);
        int atOnce = VectorDot<TFormat, TElement>.TokensAtOnce(InputStride);
        for (int first = begin; first < end; first += atOnce)
        {
            int last = Math.Min(first + atOnce, end);
            for (long row = firstPair * 2; row < endPair * 2; row += 2)
            {
                // Past the end the last row is made twice.
                long next = Math.Min(row + 1, Rows - 1);
                ref var gate0 = ref Row(ref weights, row);
                ref var gate1 = ref Row(ref weights, next);
                ref var up0 = ref Row(ref weights, Rows + row);
                ref var up1 = ref Row(ref weights, Rows + next);
                int token = first;
                for (; token + Tile <= last; token += Tile)
                {
                    VectorDot<TFormat, TElement>.OfFour(
                        ref gate0, ref gate1, ref up0, ref up1,
                        ref Unsafe.Add(ref input, (nint)token * InputStride), InputStride, InputStride, y);
                    for (int i = 0; i < Tile; i++)
                    {
                        Write(token + i, row, next, y[i]);
                    }
                }

                for (; token < last; token++)
                {
                    Write(token, row, next, VectorDot<TFormat, TElement>.OfOne(
                        ref gate0, ref gate1, ref up0, ref up1, ref Unsafe.Add(ref input, (nint)token * InputStride), InputStride));
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref TElement Row(ref TElement weights, long row) => ref Unsafe.Add(ref weights, (nint)(row * InputStride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int token, long row, long next, Vector128<float> products)
    {
        long to = (long)token * OutputStride;
        Output[to + row] = Gated(row, products[0], products[2]);
        Output[to + next] = Gated(next, products[1], products[3]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Gated(long row, float gate, float up) => Gate.Silu(TFormat.Scaled(gate, Weights, InputStride, row))
        * TFormat.Scaled(up, Weights, InputStride, Rows + row);
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;
using Mistral.Ilgpu.Kernels.Rows;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="GatedMatVecPacks{TFormat,TElement}"/> for the CPU accelerator: a work item takes pairs of two rows of G and their
/// rows of U, as <see cref="MatVecVectors{TFormat,TElement,TResult}"/> takes tiles of four.
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

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(WorkShare share)
    {
        int begin = Tokens.First(State);
        int end = Tokens.End(State);
        ref var weights = ref Weights[0];
        ref float input = ref Input[0];
        int atOnce = VectorDot<TFormat, TElement>.TokensAtOnce(InputStride);
        int most = Math.Min(atOnce, (end - begin) / Tile * Tile);
        Span<Vector512<float>> sums = stackalloc Vector512<float>[most * Tile];
        Span<float> decoded = stackalloc float[most == 0 ? 0 : Tile * VectorDot<TFormat, TElement>.ColumnsAtOnce];
        var (firstPair, endPair) = share.Neighbours(0, (Rows + 1) / 2);
        for (int first = begin; first < end; first += atOnce)
        {
            int last = Math.Min(first + atOnce, end);
            int tiled = (last - first) / Tile * Tile;
            for (long row = firstPair * 2; row < endPair * 2; row += 2)
            {
                int rows = (int)Math.Min(2, Rows - row);
                if (tiled > 0)
                {
                    // Past the end the last row is made twice.
                    long next = row + rows - 1;
                    VectorDot<TFormat, TElement>.OfTokens(
                        ref Row(ref weights, row), ref Row(ref weights, next),
                        ref Row(ref weights, Rows + row), ref Row(ref weights, Rows + next),
                        ref Unsafe.Add(ref input, (nint)first * InputStride), InputStride, tiled, sums, decoded);
                }

                for (int i = 0; i < rows; i++)
                {
                    for (int token = 0; token < tiled; token++)
                    {
                        int at = (token * Tile) + i;
                        Write(first + token, row + i, Vectors.Sum(sums[at]), Vectors.Sum(sums[at + 2]));
                    }

                    for (int token = first + tiled; token < last; token++)
                    {
                        ref float x = ref Unsafe.Add(ref input, (nint)token * InputStride);
                        Write(
                            token, row + i, VectorDot<TFormat, TElement>.OfOne(ref Row(ref weights, row + i), ref x, InputStride),
                            VectorDot<TFormat, TElement>.OfOne(ref Row(ref weights, Rows + row + i), ref x, InputStride));
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref TElement Row(ref TElement weights, long row) => ref Unsafe.Add(ref weights, (nint)(row * InputStride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int token, long row, float gate, float up) => Output[((long)token * OutputStride) + row] =
        Gate.Silu(TFormat.Scaled(gate, Weights, InputStride, row)) * TFormat.Scaled(up, Weights, InputStride, Rows + row);
}

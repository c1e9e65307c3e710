using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="MatVecPacks{TFormat,TElement,TResult}"/> for the CPU accelerator, few tokens or many. A work item takes neighbouring
/// tiles of four rows: each by all tokens in fours, then row by row by the tokens left, see
/// <see cref="VectorDot{TFormat,TElement}"/>. No barriers.
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
        var (firstTile, endTile) = share.Neighbours(0, (Rows + Tile - 1) / Tile);
        for (int first = begin; first < end; first += atOnce)
        {
            int last = Math.Min(first + atOnce, end);
            int tiled = (last - first) / Tile * Tile;
            for (long row = firstTile * Tile; row < endTile * Tile; row += Tile)
            {
                int rows = (int)Math.Min(Tile, Rows - row);
                if (tiled > 0)
                {
                    // Rows past the end repeat the last one.
                    VectorDot<TFormat, TElement>.OfTokens(
                        ref Row(ref weights, row), ref Row(ref weights, row + 1),
                        ref Row(ref weights, row + 2), ref Row(ref weights, row + 3),
                        ref Unsafe.Add(ref input, (nint)first * InputStride), InputStride, tiled, sums, decoded);
                }

                for (int i = 0; i < rows; i++)
                {
                    for (int token = 0; token < tiled; token++)
                    {
                        Write(first + token, row + i, Vectors.Sum(sums[(token * Tile) + i]));
                    }

                    for (int token = first + tiled; token < last; token++)
                    {
                        Write(token, row + i, VectorDot<TFormat, TElement>.OfOne(
                            ref Row(ref weights, row + i), ref Unsafe.Add(ref input, (nint)token * InputStride), InputStride));
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref TElement Row(ref TElement weights, long row) =>
        ref Unsafe.Add(ref weights, (nint)(Math.Min(row, Rows - 1) * InputStride));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int token, long row, float product)
    {
        ref float y = ref Output[((long)token * OutputStride) + row];
        y = TResult.Combine(y, TFormat.Scaled(product, Weights, InputStride, row));
    }
}

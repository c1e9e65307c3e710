using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="MatVecPacks{TFormat,TElement,TResult}"/> for the CPU accelerator, few tokens or many. A work item takes neighbouring
/// tiles of rows: each by all tiles of tokens, then row by row by the tokens left, see
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
    private const int TileRows = VectorDot<TFormat, TElement>.Rows;
    private const int TileTokens = VectorDot<TFormat, TElement>.Tokens;

    public int SharesPerThread => WorkShare.PerThread((long)Rows * InputStride);

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
        int most = Math.Min(atOnce, (end - begin) / TileTokens * TileTokens);
        Span<nint> starts = stackalloc nint[TileRows];
        Span<Vector512<float>> sums = stackalloc Vector512<float>[most * TileRows];
        Span<float> decoded = stackalloc float[most == 0 ? 0 : TileRows * VectorDot<TFormat, TElement>.ColumnsAtOnce];
        var (firstTile, endTile) = share.Neighbours(0, (Rows + TileRows - 1) / TileRows);
        for (int first = begin; first < end; first += atOnce)
        {
            int last = Math.Min(first + atOnce, end);
            int tiled = (last - first) / TileTokens * TileTokens;
            for (long row = firstTile * TileRows; row < endTile * TileRows; row += TileRows)
            {
                int rows = (int)Math.Min(TileRows, Rows - row);
                for (int i = 0; i < TileRows; i++)
                {
                    // Rows past the end repeat the last one.
                    starts[i] = (nint)(row + Math.Min(i, rows - 1)) * InputStride;
                }

                if (tiled > 0)
                {
                    VectorDot<TFormat, TElement>.OfTokens(
                        ref weights, starts, ref Unsafe.Add(ref input, (nint)first * InputStride), InputStride,
                        tiled, sums, decoded);
                }

                for (int i = 0; i < rows; i++)
                {
                    for (int token = 0; token < tiled; token += TileTokens)
                    {
                        var products = VectorDot<TFormat, TElement>.SumsOf(sums, token, i);
                        for (int j = 0; j < TileTokens; j++)
                        {
                            Write(first + token + j, row + i, products[j]);
                        }
                    }

                    for (int token = first + tiled; token < last; token++)
                    {
                        Write(token, row + i, VectorDot<TFormat, TElement>.OfOne(
                            ref Unsafe.Add(ref weights, starts[i]), ref Unsafe.Add(ref input, (nint)token * InputStride),
                            InputStride));
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int token, long row, float product)
    {
        ref float y = ref Output[((long)token * OutputStride) + row];
        y = TResult.Combine(y, TFormat.Scaled(product, Weights, InputStride, row));
    }
}

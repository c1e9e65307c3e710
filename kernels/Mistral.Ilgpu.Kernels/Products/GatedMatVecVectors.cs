using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;
using Mistral.Ilgpu.Kernels.Rows;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="GatedMatVecPacks{TFormat,TElement}"/> for the CPU accelerator: a work item takes a few rows of G and their rows
/// of U, as <see cref="MatVecVectors{TFormat,TElement,TResult}"/> takes tiles.
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
    private const int TileTokens = VectorDot<TFormat, TElement>.Tokens;

    // A tile has as many rows of G as of U.
    private const int TileRows = VectorDot<TFormat, TElement>.Rows;
    private const int Half = TileRows / 2;

    public int SharesPerThread => WorkShare.PerThread(2L * Rows * InputStride);

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
        var (firstHalf, endHalf) = share.Neighbours(0, (Rows + Half - 1) / Half);
        for (int first = begin; first < end; first += atOnce)
        {
            int last = Math.Min(first + atOnce, end);
            int tiled = (last - first) / TileTokens * TileTokens;
            for (long row = firstHalf * Half; row < endHalf * Half; row += Half)
            {
                int rows = (int)Math.Min(Half, Rows - row);
                for (int i = 0; i < Half; i++)
                {
                    // Rows past the end repeat the last one.
                    nint of = (nint)(row + Math.Min(i, rows - 1));
                    (starts[i], starts[Half + i]) = (of * InputStride, (Rows + of) * InputStride);
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
                        var gates = VectorDot<TFormat, TElement>.SumsOf(sums, token, i);
                        var ups = VectorDot<TFormat, TElement>.SumsOf(sums, token, Half + i);
                        for (int j = 0; j < TileTokens; j++)
                        {
                            Write(first + token + j, row + i, gates[j], ups[j]);
                        }
                    }

                    for (int token = first + tiled; token < last; token++)
                    {
                        ref float x = ref Unsafe.Add(ref input, (nint)token * InputStride);
                        ref var gate = ref Unsafe.Add(ref weights, starts[i]);
                        ref var up = ref Unsafe.Add(ref weights, starts[Half + i]);
                        Write(
                            token, row + i, VectorDot<TFormat, TElement>.OfOne(ref gate, ref x, InputStride),
                            VectorDot<TFormat, TElement>.OfOne(ref up, ref x, InputStride));
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int token, long row, float gate, float up) => Output[((long)token * OutputStride) + row] =
        Gate.Silu(TFormat.Scaled(gate, Weights, InputStride, row)) * TFormat.Scaled(up, Weights, InputStride, Rows + row);
}

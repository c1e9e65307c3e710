using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="BlockMatVecRow{TFormat,TInput,TResult}"/> with activations in eight bits, for the CPU accelerator. A work item
/// takes four rows. It goes through the tokens four at a time with two rows at once, and through those left over with all four
/// rows, see <see cref="BlockDot{TFormat}"/>. Rows have at least <see cref="BlockMatVecVectors.LeastColumns"/>. No barriers.
/// </summary>
[CpuForm(Vectors.Reason)]
public readonly record struct BlockMatVecVectors<TFormat, TResult>(
    StepState State,
    BlockWeights Weights,
    VectorInput Input,
    ArrayView<float> Output,
    int Rows,
    int OutputStride,
    RowRange Tokens) : ISharedKernel
    where TFormat : struct, IBlockFormat
    where TResult : struct, IResult
{
    private const int Tile = BlockDot<TFormat>.Rows;

    public void Execute() => Execute(WorkShare.Current);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(WorkShare share)
    {
        int first = Tokens.First(State);
        int end = Tokens.End(State);
        int runs = Input.Runs;
        nint blocks = Weights.Columns / TFormat.BlockLength;
        nint quantStride = blocks * TFormat.QuantBytes;
        nint scaleStride = blocks * TFormat.ScaleWords;
        ref byte allQuants = ref Weights.Quants[0];
        ref ushort allScales = ref Weights.Scales[0];
        ref sbyte x = ref Input.Values[0];
        ref float inputs = ref Input.Scales[0];
        Span<float> y = stackalloc float[2 * BlockDot<TFormat>.Tokens];
        for (long row = share.First * Tile; row < Rows; row += share.Count * Tile)
        {
            int last = (int)Math.Min(Tile - 1, Rows - 1 - row);
            ref byte quants = ref Unsafe.Add(ref allQuants, (nint)row * quantStride);
            ref ushort scales = ref Unsafe.Add(ref allScales, (nint)row * scaleStride);
            int token = first;
            for (; token + BlockDot<TFormat>.Tokens <= end; token += BlockDot<TFormat>.Tokens)
            {
                for (int pair = 0; pair <= last; pair += 2)
                {
                    bool isWhole = pair < last;
                    BlockDot<TFormat>.OfFour(
                        ref Unsafe.Add(ref quants, pair * quantStride), isWhole ? quantStride : 0,
                        ref Unsafe.Add(ref scales, pair * scaleStride), isWhole ? scaleStride : 0,
                        ref Unsafe.Add(ref x, (nint)token * Input.Stride), Input.Stride,
                        ref Unsafe.Add(ref inputs, (nint)token * 4 * runs), 4 * runs, runs, y);
                    for (int i = 0; i < BlockDot<TFormat>.Tokens; i++)
                    {
                        Write(token + i, row + pair, y[i]);
                        if (isWhole)
                        {
                            Write(token + i, row + pair + 1, y[BlockDot<TFormat>.Tokens + i]);
                        }
                    }
                }
            }

            for (; token < end; token++)
            {
                var products = BlockDot<TFormat>.OfOne(
                    ref quants, quantStride, ref scales, scaleStride, last,
                    ref Unsafe.Add(ref x, (nint)token * Input.Stride), ref Unsafe.Add(ref inputs, (nint)token * 4 * runs), runs);
                for (int i = 0; i <= last; i++)
                {
                    Write(token, row + i, products[i]);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(int token, long row, float product)
    {
        ref float y = ref Output[((long)token * OutputStride) + row];
        y = TResult.Combine(y, product);
    }
}

using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="BlockMatVecRow{TFormat,TInput,TResult}"/> with activations in eight bits, for vectorizing compilers (OpenCL on a
/// CPU). Each run of 32 adds to eight running sums, four products to each. So nothing is summed across a vector before the row's
/// end.
/// </summary>
public readonly record struct BlockMatVecLanes<TFormat, TResult>(
    StepState State,
    BlockWeights Weights,
    Int8Input Input,
    ArrayView<float> Output,
    int Rows,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IBlockFormat
    where TResult : struct, IResult
{
    private const int Lanes = 8;

    public void Execute()
    {
        long row = WorkItems.First;
        if (row >= Rows)
        {
            return;
        }

        int end = Tokens.End(State);
        int runs = Weights.Columns / BlockRun.Length;
        var sums = LocalMemory.Allocate<float>(Lanes);
        var offsets = LocalMemory.Allocate<float>(Lanes);
        var low = LocalMemory.Allocate<float>(Lanes);
        var high = LocalMemory.Allocate<float>(Lanes);
        for (int token = Tokens.First(State); token < end; token++)
        {
            for (int lane = 0; lane < Lanes; lane++)
            {
                sums[lane] = 0;
                offsets[lane] = 0;
            }

            int run = 0;
            for (; run + Lanes <= runs; run += Lanes)
            {
                // Eight runs' scales at once, because to decode them is a good part of the work. They are one block of 256, or
                // eight of 32.
                long block = BlockOf(row, run);
                for (int lane = 0; lane < Lanes; lane++)
                {
                    Scale(block + (lane / RunsInBlock), lane % RunsInBlock, run + lane, token, lane, low, high, offsets);
                }

                for (int lane = 0; lane < Lanes; lane++)
                {
                    Add(sums, block + (lane / RunsInBlock), lane % RunsInBlock, run + lane, token, low[lane], high[lane]);
                }
            }

            // Blocks of 256 leave no such rest.
            for (; run < runs; run++)
            {
                Scale(BlockOf(row, run), 0, run, token, 0, low, high, offsets);
                Add(sums, BlockOf(row, run), 0, run, token, low[0], high[0]);
            }

            float sum = 0;
            for (int lane = 0; lane < Lanes; lane++)
            {
                sum += sums[lane] + offsets[lane];
            }

            long to = ((long)token * OutputStride) + row;
            Output[to] = TResult.Combine(Output[to], sum);
        }
    }

    private static int RunsInBlock
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.BlockLength / BlockRun.Length;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long BlockOf(long row, int run) => (row * (Weights.Columns / TFormat.BlockLength)) + (run / RunsInBlock);

    // What the sums of whole numbers of a run are multiplied with, and what the run's offsets add.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Scale(
        long block, int part, int run, int token, int lane, ArrayView<float> low, ArrayView<float> high, ArrayView<float> offsets)
    {
        var input = Input.Runs[((long)token * (Input.Stride / BlockRun.Length)) + run];
        var scale = TFormat.Scale(Weights.Scales, block * TFormat.ScaleWords, part);
        low[lane] = input.A * scale.Low;
        if (TFormat.HalvesDiffer)
        {
            high[lane] = input.A * scale.High;
        }

        if (TFormat.HasOffsets)
        {
            offsets[lane] += (scale.LowOffset * input.B) + (scale.HighOffset * input.C);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(ArrayView<float> sums, long block, int part, int run, int token, float low, float high)
    {
        long at = block * TFormat.QuantBytes;
        var x = Input.Quads.Cast<sbyte>().SubView(((long)token * Input.Stride) + (run * BlockRun.Length), BlockRun.Length);
        for (int lane = 0; lane < Lanes; lane++)
        {
            int first = (TFormat.Quant(Weights.Quants, at, part, 0, lane) * x[lane])
                + (TFormat.Quant(Weights.Quants, at, part, 0, Lanes + lane) * x[Lanes + lane]);
            int second = (TFormat.Quant(Weights.Quants, at, part, 1, lane) * x[BlockRun.Half + lane])
                + (TFormat.Quant(Weights.Quants, at, part, 1, Lanes + lane) * x[BlockRun.Half + Lanes + lane]);
            sums[lane] += TFormat.HalvesDiffer ? (low * first) + (high * second) : low * (first + second);
        }
    }
}

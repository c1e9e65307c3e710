using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="BlockMatVecRow{TFormat,TInput,TResult}"/> for GPUs: one group per row (grid x) and token (grid y). Its items take
/// the row's runs by stride, and their shares meet in shared memory. The grid has a token for each from the first on. Group size:
/// a power of two up to <see cref="GroupReduce.MaxGroupSize"/>.
/// </summary>
[GroupForm]
public readonly record struct BlockMatVecGroup<TFormat, TInput, TResult>(
    BlockWeights Weights,
    TInput Input,
    ArrayView<float> Output,
    int OutputStride) : IKernel
    where TFormat : struct, IBlockFormat
    where TInput : struct, IBlockInput
    where TResult : struct, IResult
{
    public void Execute()
    {
        var shared = SharedMemory.Allocate<float>(GroupReduce.MaxGroupSize);
        int row = Grid.IdxX;
        int token = Grid.IdxY;
        int runsInBlock = TFormat.BlockLength / BlockRun.Length;
        int runs = Weights.Columns / BlockRun.Length;
        long firstBlock = (long)row * (Weights.Columns / TFormat.BlockLength);
        float sum = 0;
        for (int run = Group.IdxX; run < runs; run += Group.DimX)
        {
            sum += Input.Dot<TFormat>(Weights, firstBlock + (run / runsInBlock), run & (runsInBlock - 1), token, run);
        }

        sum = GroupReduce.Sum(shared, sum);
        if (Group.IdxX == 0)
        {
            long to = ((long)token * OutputStride) + row;
            Output[to] = TResult.Combine(Output[to], sum);
        }
    }
}

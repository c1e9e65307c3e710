using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// y[t, r] = Σ_c W[r, c] x[t, c] with W in blocks, which stay packed; also y += with <see cref="AddToResidual"/>. W: rows ×
/// columns; x: the rows of a pass, as <typeparamref name="TInput"/> holds them, those of Tokens multiplied; y: tokens ×
/// outputStride. Row form: a work item takes a row, whose blocks stay in the cache while it goes through the tokens. No barriers.
/// </summary>
public readonly record struct BlockMatVecRow<TFormat, TInput, TResult>(
    StepState State,
    BlockWeights Weights,
    TInput Input,
    ArrayView<float> Output,
    int Rows,
    int OutputStride,
    RowRange Tokens) : ISharedKernel
    where TFormat : struct, IBlockFormat
    where TInput : struct, IBlockInput
    where TResult : struct, IResult
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        int end = Tokens.End(State);
        int blocks = Weights.Columns / TFormat.BlockLength;
        for (long row = share.First; row < Rows; row += share.Count)
        {
            for (int token = Tokens.First(State); token < end; token++)
            {
                float sum = 0;
                int run = 0;
                for (int block = 0; block < blocks; block++)
                {
                    for (int i = 0; i < TFormat.BlockLength / BlockRun.Length; i++)
                    {
                        sum += Input.Dot<TFormat>(Weights, (row * blocks) + block, i, token, run);
                        run++;
                    }
                }

                long to = ((long)token * OutputStride) + row;
                Output[to] = TResult.Combine(Output[to], sum);
            }
        }
    }
}

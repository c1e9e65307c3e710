using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Products;

/// <summary>
/// <see cref="MatVecPacks{TFormat,TElement,TResult}"/> for few tokens and vectorizing compilers (OpenCL on a CPU). A work item
/// takes a row, summed as in <see cref="LaneSum"/>. The weights stay in the cache while it goes through the tokens.
/// </summary>
public readonly record struct MatVecLanes<TFormat, TElement, TResult>(
    StepState State,
    ArrayView<TElement> Weights,
    ArrayView<float> Input,
    ArrayView<float> Output,
    int Rows,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : IKernel
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
    where TResult : struct, IResult
{
    public void Execute()
    {
        int row = (int)WorkItems.First;
        if (row >= Rows)
        {
            return;
        }

        int end = Tokens.End(State);
        for (int token = Tokens.First(State); token < end; token++)
        {
            var x = Input.SubView((long)token * InputStride, InputStride);
            long to = ((long)token * OutputStride) + row;
            Output[to] = TResult.Combine(
                Output[to], TFormat.Scaled(LaneSum.Dot<TFormat, TElement>(Weights, x, row, InputStride), Weights, InputStride, row));
        }
    }
}

using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Choosing;

/// <summary>
/// result[r] = the smallest index at which row r of values is largest, for each row of logits. The values are rows × stride, of
/// which the first columns count. Row form: one work item reads a row, no barriers.
/// </summary>
public readonly record struct ArgMaxRow(
    StepState State, ArrayView<float> Values, ArrayView<int> Result, int Columns, int Stride) : ISharedKernel
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        for (long row = share.First; row < State.LogitCount; row += share.Count)
        {
            var values = Values.SubView(row * Stride, Columns);
            int best = 0;
            float largest = values[0];
            for (int i = 1; i < Columns; i++)
            {
                float value = values[i];
                if (value > largest)
                {
                    largest = value;
                    best = i;
                }
            }

            Result[row] = best;
        }
    }
}

using ILGPU;
using ILGPU.Algorithms;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary>
/// y[r, i] = x[r, i] / √(mean over i of x[r, i]² + ε) × gain[i] (Zhang and Sennrich, arXiv 1910.07467, eq. 4).
/// x, y: rows × stride; gain: columns. Row r of Rows comes from the row of x that Rows names for it.
/// Row form: one work item per row, no barriers.
/// </summary>
public readonly record struct RmsNormRow(
    StepState State,
    ArrayView<float> Input,
    ArrayView<float> Gain,
    ArrayView<float> Output,
    int Columns,
    int Stride,
    float Epsilon,
    RowRange Rows) : ISharedKernel
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        int end = Rows.End(State);
        for (long row = Rows.First(State) + share.First; row < end; row += share.Count)
        {
            var x = Input.SubView((long)Rows.Token(State, (int)row) * Stride, Columns);
            var y = Output.SubView(row * Stride, Columns);
            float sum = 0;
            for (int i = 0; i < Columns; i++)
            {
                sum += x[i] * x[i];
            }

            float scale = 1 / XMath.Sqrt((sum / Columns) + Epsilon);
            for (int i = 0; i < Columns; i++)
            {
                y[i] = x[i] * scale * Gain[i];
            }
        }
    }
}

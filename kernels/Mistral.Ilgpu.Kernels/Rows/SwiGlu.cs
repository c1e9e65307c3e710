using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary>
/// y[t, i] = silu(gate[t, i]) × up[t, i] with silu(v) = v / (1 + e^−v) (Shazeer, arXiv 2002.05202, eq. 5).
/// gateUp: tokens × inputStride, a row holding columns gates, then columns ups; y: tokens × outputStride.
/// Work is shared by element.
/// </summary>
public readonly record struct SwiGlu(
    StepState State,
    ArrayView<float> GateUp,
    ArrayView<float> Output,
    int Columns,
    int InputStride,
    int OutputStride,
    RowRange Tokens) : ISharedKernel
{
    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        long end = (long)Tokens.End(State) * Columns;
        for (long i = ((long)Tokens.First(State) * Columns) + share.First; i < end; i += share.Count)
        {
            long token = i / Columns;
            long column = i % Columns;
            long from = (token * InputStride) + column;
            Output[(token * OutputStride) + column] = Gate.Silu(GateUp[from]) * GateUp[from + Columns];
        }
    }
}

using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// <see cref="RmsNormGroup"/> for CUDA: items read four columns at once, warps add by shuffles, and every item adds the warps' shares in
/// their order, see <see cref="RmsNormed"/>. Group size: a multiple of 32 up to <see cref="GroupReduce.MaxGroupSize"/>.
/// </summary>
[GroupForm]
[CudaForm(70)]
public readonly record struct RmsNormWarp(
    StepState State,
    ArrayView<Float4> Input,
    RmsNormed Norm,
    ArrayView<Float4> Output,
    int Stride,
    RowRange Rows) : IKernel
{
    public void Execute()
    {
        Predecessor.Await();
        int row = Rows.First(State) + Grid.IdxX;
        long from = (long)Rows.Token(State, row) * (Stride / RmsNormed.PerItem);
        long to = (long)row * (Stride / RmsNormed.PerItem);
        float scale = Norm.ScaleOf(Input, from);
        for (int i = Group.IdxX; i < Norm.Columns / RmsNormed.PerItem; i += Group.DimX)
        {
            Output[to + i] = Norm.Apply(Input[from + i], scale, i);
        }
    }
}

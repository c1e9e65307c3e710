using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary>
/// <see cref="RmsNormWarp{TExtra}"/> of rows that products on tensor cores read: y in 16 bits alone, bit for bit what
/// <see cref="RoundInput{TTensor}"/> makes of that kernel's float32. One group for each row. Group size: a multiple of 32 up to
/// <see cref="Hardware.GroupReduce.MaxGroupSize"/>.
/// </summary>
/// <param name="Output">Rows × stride.</param>
[GroupForm]
[CudaForm(80)]
public readonly record struct RmsNormRounded<TTensor>(
    StepState State,
    ArrayView<Floats4> Input,
    RmsNormed Norm,
    ArrayView<ushort> Output,
    int Stride,
    RowRange Rows) : IKernel
    where TTensor : struct, ISplitFormat
{
    public void Execute()
    {
        int row = Rows.First(State) + Grid.IdxX;
        long from = (long)Rows.Token(State, row) * (Stride / RmsNormed.PerItem);
        long to = (long)row * (Stride / RmsNormed.PerItem);
        int fours = Norm.Columns / RmsNormed.PerItem;
        var output = Output.Cast<EightBytes>();
        float scale = Norm.ScaleOf(Input, from);
        for (int four = Group.IdxX; four < fours; four += Group.DimX)
        {
            var x = Norm.Apply(Input[from + four], scale, four);
            output[to + four] = new EightBytes { A = RoundedPair.Of<TTensor>(x.A, x.B), B = RoundedPair.Of<TTensor>(x.C, x.D) };
        }
    }
}

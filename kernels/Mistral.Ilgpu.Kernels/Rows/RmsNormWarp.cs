using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Rows;

/// <summary>
/// <see cref="RmsNormGroup"/> for CUDA. Items read four columns at once, warps add by shuffles, and every item adds the warps'
/// shares in their order, see <see cref="RmsNormed"/>. It writes eight bits too with <see cref="AlsoInt8"/>, bit for bit what
/// <see cref="QuantizePacked"/> makes, for columns in whole runs of 32. Group size: a multiple of 32 up to
/// <see cref="Hardware.GroupReduce.MaxGroupSize"/>.
/// </summary>
/// <param name="Packs">Where the rows end that are needed in eight bits.</param>
[GroupForm]
[WaveForm]
[CudaForm(60)]
public readonly record struct RmsNormWarp<TExtra>(
    StepState State,
    ArrayView<Floats4> Input,
    RmsNormed Norm,
    ArrayView<Floats4> Output,
    PackedInput Packed,
    int Stride,
    RowRange Rows,
    RowRange Packs) : IKernel
    where TExtra : struct, IRunResult
{
    public void Execute()
    {
        Predecessor.Await();
        int row = Rows.First(State) + Grid.IdxX;
        long from = (long)Rows.Token(State, row) * (Stride / RmsNormed.PerItem);
        long to = (long)row * (Stride / RmsNormed.PerItem);
        int fours = Norm.Columns / RmsNormed.PerItem;
        int packedFours = row < Packs.End(State) ? fours : 0;
        float scale = Norm.ScaleOf(Input, from);
        for (int first = 0; first < fours; first += Group.DimX)
        {
            // Lanes past the end repeat the last four: shuffles need every lane.
            int four = first + Group.IdxX;
            int source = IntrinsicMath.Min(four, fours - 1);
            var x = Norm.Apply(Input[from + source], scale, source);
            if (four < fours)
            {
                Output[to + four] = x;
            }

            TExtra.Write(Packed, row, source, x, four < packedFours);
        }
    }
}

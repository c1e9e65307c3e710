using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>
/// y[t, c] = x[t, c] in 16 bits, for products on tensor cores, where what makes x does not write 16 bits itself. What overflows
/// becomes the largest number. Shapes: x and y are tokens × stride. Of the pass's rows it takes those of Tokens. Work is shared
/// by eight elements.
/// </summary>
[CudaForm(80)]
public readonly record struct RoundInput<TTensor>(
    StepState State,
    ArrayView<float> Input,
    ArrayView<ushort> Output,
    int Stride,
    RowRange Tokens) : IKernel
    where TTensor : struct, ISplitFormat
{
    private const int PerPack = 8;

    public void Execute()
    {
        int packs = Stride / PerPack;
        var x = Input.Cast<Floats4>();
        var y = Output.Cast<Pack>();
        long end = (long)Tokens.End(State) * packs;
        for (long pack = ((long)Tokens.First(State) * packs) + WorkItems.First; pack < end; pack += WorkItems.Count)
        {
            var (low, high) = (x[2 * pack], x[(2 * pack) + 1]);
            y[pack] = new Pack
            {
                A = RoundedPair.Of<TTensor>(low.A, low.B),
                B = RoundedPair.Of<TTensor>(low.C, low.D),
                C = RoundedPair.Of<TTensor>(high.A, high.B),
                D = RoundedPair.Of<TTensor>(high.C, high.D),
            };
        }
    }
}

using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Forms that use tensor cores.</summary>
internal sealed partial class CudaKernels(
    Cuda family, ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder)
    : WaveKernels(family, device, state, activations, binder)
{
    // The assembler fuses the simple tile's sums.
    private protected override bool HasWaveTiles => false;

    private protected override Launch Norm(
        Activation input, ArrayView<float> gain, Activation output, float epsilon, RowSet rows, OutputForms forms)
    {
        return forms.Rounded switch
        {
            null => base.Norm(input, gain, output, epsilon, rows, forms),
            TensorFormat.BFloat16 => Rounded<BFloat16Tensor>(),
            _ => Rounded<Float16Tensor>(),
        };

        Launch Rounded<TTensor>()
            where TTensor : struct, ISplitFormat => Forms(
            rows,
            set => base.Norm(input, gain, output, epsilon, set, forms),
            set => Launcher(
                new RmsNormRounded<TTensor>(
                    State, input.View.Cast<Floats4>(), new RmsNormed(gain.Cast<Floats4>(), input.Columns, epsilon),
                    Room(output).Rounded, input.Stride, set.Range),
                pass => new KernelConfig(set.Count(pass), GroupReduce.MaxGroupSize)));
    }

    /// <summary>The buffer for an output in 16 bits, as kernels take it that may also write float32.</summary>
    private static ArrayView<float> RoundedOf(Activation output) => Room(output).Rounded.Cast<float>();
}

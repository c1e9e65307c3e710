using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Forms that use warps and tensor cores.</summary>
internal sealed partial class CudaKernels(
    Cuda family, ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder)
    : GpuKernels(family, device, state, activations, binder)
{
    private protected override Launch Norm(
        Activation input, ArrayView<float> gain, Activation output, float epsilon, RowSet rows, bool makesInt8)
    {
        if (input.Columns % RmsNormed.PerItem != 0)
        {
            return base.Norm(input, gain, output, epsilon, rows, makesInt8);
        }

        var norm = new RmsNormed(gain.Cast<Floats4>(), input.Columns, epsilon);
        return makesInt8 ? Warp<AlsoInt8>(Room(output).Packed!.Value) : Warp<FloatsAlone>(default);

        // Within a pass of tokens, those of prompts are multiplied in 16 bits, so only decoded ones get eight bits.
        Launch Warp<TExtra>(PackedInput packed)
            where TExtra : struct, IRunResult => Launcher(
            new RmsNormWarp<TExtra>(
                State, input.View.Cast<Floats4>(), norm, output.View.Cast<Floats4>(), packed, input.Stride, rows.Range,
                rows == RowSet.Tokens ? RowRange.Decode : rows.Range),
            pass => new KernelConfig(rows.Count(pass), GroupReduce.MaxGroupSize));
    }

    private static TensorInput Room(Activation input) =>
        input.Tensor ?? throw new ArgumentException($"expected a buffer for {input.Name} in the form of tensor cores");
}

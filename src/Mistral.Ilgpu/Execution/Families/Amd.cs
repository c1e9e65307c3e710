using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>AMD's GPUs, by OpenCL: data-parallel primitives, products of four bytes, matrix cores.</summary>
internal sealed class Amd(DeviceInfo device) : Waves(device)
{
    public override bool RoundsPrompts(ActivationType activations) => activations == ActivationType.Int8;

    internal override KernelSet Kernels(
        ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder) =>
        new AmdKernels(this, device, state, activations, binder);
}

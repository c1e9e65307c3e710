using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>ILGPU's CPU accelerator: few threads, vectors by .NET, slow barriers and slow indexing.</summary>
internal sealed class CpuAccelerator(DeviceInfo device) : Family(device)
{
    public override KernelConfig Elements(long items) => new(1, Device.MaxGroupSize);

    public override KernelConfig Stream(long items) => Elements(items);

    public override KernelConfig Coarse(long items) => Elements(items);

    // Copies by the host, because a kernel here takes far longer than the copy itself.
    internal override void Copy(ComputeDevice device, ArrayView<Floats4> from, ArrayView<Floats4> to) =>
        from.CopyTo(device.Stream, to.SubView(0, from.Length));

    internal override KernelSet Kernels(
        ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder) =>
        new CpuAcceleratorKernels(this, device, state, activations, binder);
}

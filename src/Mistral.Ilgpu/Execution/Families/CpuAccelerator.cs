using ILGPU;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>ILGPU's CPU accelerator: few threads, vectors by .NET, costly barriers and costly indexing.</summary>
internal sealed class CpuAccelerator(DeviceInfo device) : Family(device)
{
    public override KernelConfig Elements(long items) => new(1, Device.MaxGroupSize);

    public override KernelConfig Stream(long items) => Elements(items);

    public override KernelConfig Coarse(long items) => Elements(items);

    internal override KernelSet Kernels(
        Execution.Device device, StepState state, ActivationType activations, IKernelBinder binder) =>
        new CpuAcceleratorKernels(this, device, state, activations, binder);
}

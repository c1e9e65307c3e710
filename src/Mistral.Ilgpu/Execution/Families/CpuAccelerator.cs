using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>ILGPU's CPU accelerator: few threads, vectors by .NET, slow barriers and slow indexing.</summary>
internal sealed class CpuAccelerator(DeviceInfo device) : Family(device)
{
    public override WeightLayout LayoutOf(TensorFormat format, ActivationType activations) =>
        activations == ActivationType.Int8 && format.IsQuantized() ? WeightLayout.Strips : WeightLayout.Rows;

    public override WeightLayout TableLayoutOf(TensorFormat format, ActivationType activations, bool isMultiplied) =>
        isMultiplied ? LayoutOf(format, activations) : WeightLayout.Rows;

    public override KernelConfig Elements(long items) => new(1, Device.MaxGroupSize);

    public override KernelConfig Stream(long items) => Elements(items);

    public override KernelConfig Coarse(long items) => Elements(items);

    protected override bool ComputesInHostMemory => true;

    // Copies by the host, because a kernel here takes far longer than the copy itself.
    internal override void Copy(ComputeDevice device, ArrayView<Floats4> from, ArrayView<Floats4> to) =>
        from.CopyTo(device.Stream, to.SubView(0, from.Length));

    internal override void Pack<TFormat>(ComputeDevice device, PackBlockStrips<TFormat> pack) => device.Launch(
        Elements(pack.Items), new PackBlockStripVectors<TFormat>(pack.Rows, pack.Strips, pack.FirstRow, pack.RowCount));

    internal override KernelSet Kernels(
        ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder) =>
        new CpuAcceleratorKernels(this, device, state, activations, binder);
}

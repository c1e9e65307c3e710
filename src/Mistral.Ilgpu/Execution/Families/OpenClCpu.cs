using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>OpenCL on a CPU: few threads and a vectorizing compiler.</summary>
internal sealed class OpenClCpu(DeviceInfo device) : Family(device)
{
    public override WeightLayout LayoutOf(TensorFormat format, ActivationType activations) =>
        activations == ActivationType.Int8 || !format.IsQuantized() ? WeightLayout.Strips : WeightLayout.Rows;

    public override KernelConfig Elements(long items) => LaunchShape.Cover(items, 64, maxGroups: 4 * Device.ComputeUnits);

    public override KernelConfig Coarse(long items) => LaunchShape.Cover(items, 1);

    public override bool MakesInt8(Operation operation, bool isAlone, bool makesNorm) => operation is Norm or GatedProduct;

    protected override bool ComputesInHostMemory => true;

    // Chained, because launching a kernel takes longer than many steps run.
    internal override IPassRunner Runner(BoundPlan plan) => plan.Gate is null
        ? new PassRunners(new ChainedPasses(plan, SplitTiles), base.Runner(plan))
        : base.Runner(plan);

    internal override KernelSet Kernels(
        ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder) =>
        new OpenClCpuKernels(this, device, state, activations, binder);
}

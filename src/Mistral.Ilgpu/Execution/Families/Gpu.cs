using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>A GPU without forms of its own: many threads and shared memory.</summary>
internal class Gpu(DeviceInfo device) : Family(device)
{
    public override bool DrawsTokens => Device.Kind == DeviceKind.Cuda;

    /// <summary>
    /// Group size of the choice of a token. Each group takes one row; the largest size keeps the most loads in flight.
    /// </summary>
    public int ChoiceGroup => Math.Min(Device.MaxGroupSize, ChooseGroup.MaxGroupSize);

    /// <summary>Queries in one tile of a prompt of attention by groups.</summary>
    protected const int GroupQueries = 16;

    public override int QueriesPerTile(TensorFormat cache) => GroupQueries;

    public override KernelConfig Elements(long items) => LaunchShape.Cover(items, 256, maxGroups: 65_535);

    public override KernelConfig Coarse(long items) => LaunchShape.Cover(items, 64);

    internal override void Measure(ComputeDevice device)
    {
        if (Device.ForcedFamily is null)
        {
            ReductionGroups.Of(device).Measure();
        }
    }

    internal override KernelSet Kernels(
        ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder) =>
        new GpuKernels(this, device, state, activations, binder);
}

using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// NVIDIA's GPUs from sm_60 to sm_75. Tensor cores of sm_75 multiply prompts with weights in halves and in blocks. They know no
/// bfloat16. Those of sm_70 have shapes of their own, and are not used.
/// </summary>
internal sealed class CudaWaves(DeviceInfo device) : Waves(device)
{
    // The first architecture with the product of MmaK8. Newer ones have it too, but a family of their own.
    private const int Turing = 75;

    private bool HasTensorCores => Device.CudaArchitecture >= Turing;

    public override bool RoundsPrompts(ActivationType activations) => HasTensorCores && activations == ActivationType.Int8;

    protected override bool Rounds(TensorFormat elements) => elements == TensorFormat.Float16;

    internal override KernelSet Kernels(
        ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder) => HasTensorCores
        ? new TuringKernels(this, device, state, activations, binder)
        : base.Kernels(device, state, activations, binder);
}

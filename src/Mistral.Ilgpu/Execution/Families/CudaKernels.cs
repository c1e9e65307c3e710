using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Forms that use tensor cores.</summary>
internal sealed partial class CudaKernels(
    Cuda family, ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder)
    : WaveKernels(family, device, state, activations, binder)
{
    // The assembler fuses the simple tile's sums.
    private protected override bool HasWaveTiles => false;
}

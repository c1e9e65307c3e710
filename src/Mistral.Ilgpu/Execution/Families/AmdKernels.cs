using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Forms made of waves, and of matrix cores where the compiler knows them.</summary>
internal sealed partial class AmdKernels(
    Amd family, ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder)
    : MatrixKernels(family, device, state, activations, binder);

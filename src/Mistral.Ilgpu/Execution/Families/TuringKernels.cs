using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Forms made of waves, and tensor cores that multiply IEEE halves.</summary>
internal sealed class TuringKernels(
    CudaWaves family, ComputeDevice device, StepState state, ActivationType activations, IKernelBinder binder)
    : MatrixKernels(family, device, state, activations, binder)
{
    private protected override Launch Tile<TPairs, TWeights, TEpilogue>(
        TWeights weights, WeightBand band, Activation input, Activation output, RowSet set) =>
        typeof(TPairs) == typeof(Float16Pairs)
            ? On<MmaK8, TWeights, TEpilogue>(weights, band, input, output, set)
            : throw new NotSupportedException($"tensor cores of sm_75 multiply halves, found {band.Format}");
}

using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Products of prompts are summed on matrix cores where the compiler has them.</summary>
internal sealed partial class AmdKernels
{
    private protected override Launch Tile<TPairs, TWeights, TEpilogue>(
        TWeights weights, WeightBand band, Activation input, Activation output, RowSet set)
    {
        var waves = Device.Info.Waves;
        return waves.HasFlag(WaveFeatures.Mfma) ? On<Mfma<TPairs>, TWeights, TEpilogue>(weights, band, input, output, set)
            : waves.HasFlag(WaveFeatures.Wmma12) ? On<Wmma12<TPairs>, TWeights, TEpilogue>(weights, band, input, output, set)
            : waves.HasFlag(WaveFeatures.Wmma) ? On<Wmma<TPairs>, TWeights, TEpilogue>(weights, band, input, output, set)
            : On<LaneProducts<TPairs>, TWeights, TEpilogue>(weights, band, input, output, set);
    }
}

using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>Sixteen float32 sums of a lane.</summary>
public struct SixteenSums
{
    public EightSums Low, High;
}

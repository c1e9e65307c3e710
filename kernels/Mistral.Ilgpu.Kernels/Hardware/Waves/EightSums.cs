namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>Eight float32 sums of a lane.</summary>
public struct EightSums
{
    public float A, B, C, D, E, F, G, H;
}

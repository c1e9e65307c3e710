namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// A lane's 64 sums of its wave's part of a tile. The part has 64 rows of weights, and as many tokens as the wave has lanes. A to
/// D belong to the first 32 rows. E to H are of the same tokens and of rows 32 further down.
/// </summary>
public struct WaveSums
{
    public EightSums A, B, C, D, E, F, G, H;
}

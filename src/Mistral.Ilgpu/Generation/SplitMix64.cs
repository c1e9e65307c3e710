namespace Mistral.Ilgpu.Generation;

/// <summary>
/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014) read by index: the n-th
/// number depends on the seed and n alone, so a token's draw does not depend on what else was drawn.
/// </summary>
internal readonly struct SplitMix64(ulong seed)
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    /// <param name="index">Counts from 0.</param>
    public ulong this[ulong index]
    {
        get
        {
            ulong z = unchecked(seed + ((index + 1) * GoldenGamma));
            z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
            z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
            return z ^ (z >> 31);
        }
    }
}

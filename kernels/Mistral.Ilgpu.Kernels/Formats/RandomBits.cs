using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// Random weights by number: word i of a tensor depends on its key and on i alone. So a device and a host make the same ones, in
/// any order. Good enough to be weights; not for cryptography.
/// </summary>
public static class RandomBits
{
    /// <summary>32 bits, by the mixing function that C. Wellons found by search ("lowbias32").</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Word(uint key, uint index)
    {
        uint x = index ^ key;
        x = (x ^ (x >> 16)) * 0x7FEB352Du;
        x = (x ^ (x >> 15)) * 0x846CA68Bu;
        x = (x ^ (x >> 16)) + key;
        return (x ^ (x >> 13)) * 0xC2B2AE35u;
    }

    /// <summary>Whether the signs of a block's scales are turned.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsTurned(uint key, uint block)
    {
        // Another key than the quants', one bit of whose words would show the sign.
        const uint Other = 0x9E3779B9;
        return (Word(key + Other, block) & 0x10000) != 0;
    }

    /// <summary>Element i, evenly spread over ±amplitude.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Value(uint key, uint index, float amplitude)
    {
        // The upper bits mix best. Whole halves of 2^-24: exact in float32.
        int upper = (int)(Word(key, index) >> 8);
        return ((upper - (1 << 23)) + 0.5f) * (amplitude / (1 << 23));
    }
}

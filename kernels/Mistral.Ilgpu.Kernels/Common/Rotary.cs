using System.Runtime.CompilerServices;
using ILGPU.Algorithms;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// Rotary position angles (Su et al., RoFormer, arXiv 2104.09864, §3.2.2): pair i of a head turns by
/// position × theta^(−2i / headDim) radians. Frequencies are held in turns as 64-bit fractions of 2^64, so that the
/// integer product wraps exactly and the angle is as precise at position 10^6 as at 1.
/// </summary>
public static class Rotary
{
    /// <summary>The frequencies of a head, one for each of its headDim / 2 pairs, in 2^-64 turns per position.</summary>
    public static ulong[] Frequencies(int headDim, double theta)
    {
        var frequencies = new ulong[headDim / 2];
        for (int pair = 0; pair < frequencies.Length; pair++)
        {
            double turns = Math.Pow(theta, -2.0 * pair / headDim) / (2 * Math.PI);
            frequencies[pair] = (ulong)(turns * Math.Pow(2, 64));
        }

        return frequencies;
    }

    /// <summary>The angle in radians, in [−π, π).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Angle(int position, ulong frequency)
    {
        const float RadiansPerStep = 1.4629180792671596e-9f; // 2π / 2^32
        return (int)(((ulong)position * frequency) >> 32) * RadiansPerStep;
    }

    /// <summary>Turns the pair (<paramref name="x"/>, <paramref name="y"/>) by <paramref name="angle"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (float X, float Y) Rotate(float x, float y, float angle)
    {
        float cos = XMath.Cos(angle);
        float sin = XMath.Sin(angle);
        return ((x * cos) - (y * sin), (x * sin) + (y * cos));
    }
}

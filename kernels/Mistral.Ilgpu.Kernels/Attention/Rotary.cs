using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// Rotary position angles (Su et al., RoFormer, arXiv 2104.09864, §3.2.2). Pair i of a head turns by position × theta^(−2i /
/// headDim) radians, or by a multiple of that where positions are scaled. Frequencies are held in turns as 64-bit fractions of
/// 2^64. So the integer product wraps exactly, and the angle is as precise at position 10^6 as at 1.
/// </summary>
public static class Rotary
{
    /// <summary>The frequencies of a head, one for each of its headDim / 2 pairs, in 2^-64 turns per position.</summary>
    /// <param name="multiplier">What the frequency of a pair is multiplied by; null for 1.</param>
    public static ulong[] Frequencies(int headDim, double theta, Func<int, double>? multiplier = null)
    {
        var frequencies = new ulong[headDim / 2];
        for (int pair = 0; pair < frequencies.Length; pair++)
        {
            double turns = Math.Pow(theta, -2.0 * pair / headDim) / (2 * Math.PI) * (multiplier?.Invoke(pair) ?? 1);
            frequencies[pair] = (ulong)(turns * Math.Pow(2, 64));
        }

        return frequencies;
    }

    /// <summary>How far a pair turns, in 2^-32 of a full turn, of which there are fewer than one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Turn(int position, ulong frequency) => (long)(((ulong)position * frequency) >> 32);

    /// <summary>Turns the pair (<paramref name="x"/>, <paramref name="y"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (float X, float Y) Rotate(float x, float y, long turn)
    {
        var (cos, sin) = CosSin(turn);
        return ((x * cos) - (y * sin), (x * sin) + (y * cos));
    }

    /// <summary>
    /// Of plain arithmetic, which compilers vectorize. The nearest quarter turn is taken off exactly. The rest, within π/4, goes
    /// through polynomials that are within 1e-7 there (Moshier, Cephes, sinf and cosf).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static (float Cos, float Sin) CosSin(long turn)
    {
        const float RadiansPerStep = 1.4629180792671596e-9f; // 2π / 2^32
        // In 64 bits, because a sum that overflows is undefined in the OpenCL C that comes of it.
        long quarter = (turn + 0x20000000) >> 30;
        float angle = (int)(turn - (quarter << 30)) * RadiansPerStep;
        float square = angle * angle;
        float sin = angle + (angle * square * (-1.6666654611e-1f + (square * (8.3321608736e-3f - (square * 1.9515295891e-4f)))));
        float cos = 1 - (0.5f * square)
            + (square * square
                * (4.166664568298827e-2f + (square * (-1.388731625493765e-3f + (square * 2.443315711809948e-5f)))));
        // A quarter turn makes a cosine of the sine and a negative sine of the cosine.
        bool isOdd = (quarter & 1) != 0;
        float cosine = isOdd ? -sin : cos;
        float sine = isOdd ? cos : sin;
        bool isHalf = (quarter & 2) != 0;
        return (isHalf ? -cosine : cosine, isHalf ? -sine : sine);
    }
}

using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Choosing;

/// <summary>
/// Weights of tokens, e^(−distance / temperature) times 2⁴⁶, by whole numbers alone. They are 2^(−distance × scale), with scale =
/// log2(e) / temperature in 32 bits before and 32 behind the point. The sum over a whole vocabulary fits in 64 bits and is the
/// same in any order.
/// </summary>
public static class TokenWeight
{
    /// <summary>The scale of temperature 1.</summary>
    public const ulong One = 6196328019;

    // The likeliest token's weight is just below 2 to this.
    private const int Bits = 46;

    /// <summary>
    /// The weight of a token, to within 1 and 2⁻³⁰ of itself, as the scale has it. Worked example: distance 3 (3 × 2²⁴) at
    /// temperature 1 is 2^−4.328. The whole part 4 is a shift, and 2^−0.328 = 2^0.672 / 2 a polynomial in 0.672. Its coefficients
    /// are all positive, so a more distant token never weighs more.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(uint distance, ulong scale)
    {
        ulong upper = (ulong)distance * (uint)(scale >> 32);
        ulong lower = (ulong)distance * (uint)scale;
        ulong exponent = upper + (lower >> 32);
        ulong whole = exponent >> TokenOrder.FractionBits;
        uint fraction = ((uint)exponent << (32 - TokenOrder.FractionBits)) | ((uint)lower >> TokenOrder.FractionBits);
        ulong power = (1UL << 32) | PowerLessOne(~fraction);
        return distance == TokenOrder.Never || whole >= Bits ? 0 : (power << (Bits - 33)) >> (int)whole;
    }

    /// <summary>The weight that must be reached for <paramref name="share"/> of 2⁶⁴ of a total; 1 at least.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Reach(ulong share, ulong total)
    {
        ulong reach = HighProduct(share, total) + (unchecked(share * total) != 0 ? 1UL : 0UL);
        return reach == 0 ? 1 : reach;
    }

    /// <summary>The upper 64 bits of a product.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong HighProduct(ulong a, ulong b)
    {
        ulong low = (ulong)(uint)a * (uint)b;
        ulong crossA = ((a >> 32) * (uint)b) + (low >> 32);
        ulong crossB = ((b >> 32) * (uint)a) + (uint)crossA;
        return ((a >> 32) * (b >> 32)) + (crossA >> 32) + (crossB >> 32);
    }

    // 2^x − 1 for x in 32 bits behind the point: the polynomial that is right at seven Chebyshev nodes of (2^x − 1) / x. It is
    // off by less than 2⁻³⁰.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint PowerLessOne(uint x)
    {
        uint sum = 0x15BD3;
        sum = High(sum, x) + 0x99317;
        sum = High(sum, x) + 0x57BF1A;
        sum = High(sum, x) + 0x2763464;
        sum = High(sum, x) + 0xE3589F8;
        sum = High(sum, x) + 0x3D7F7BA6;
        sum = High(sum, x) + 0xB17217F9;
        // What is cut off on the way makes it too small: this is the middle.
        return High(sum, x) + 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint High(uint a, uint b) => (uint)(((ulong)a * b) >> 32);
}

using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Choosing;

/// <summary>
/// Tokens by their logits in whole numbers, so that a host and every device agree on each of them. A token's distance from the
/// likeliest is ⌊(best − logit) × 2²⁴⌋. That is one subtraction in float32, rounded once, and an exact product with a power of
/// two. A token's key is its distance, then its id: keys in their order are the tokens, likeliest first and the lower id of
/// equals.
/// </summary>
public static class TokenOrder
{
    /// <summary>Bits of a key that hold the id.</summary>
    public const int IdBits = 18;

    /// <summary>Most tokens of a vocabulary.</summary>
    public const int MostTokens = 1 << IdBits;

    /// <summary>Bits of a key.</summary>
    public const int KeyBits = 32 + IdBits;

    /// <summary>Bits of a distance behind its point.</summary>
    public const int FractionBits = 24;

    /// <summary>The distance of tokens that are never drawn: those of logits 256 below the best, and −∞.</summary>
    public const uint Never = uint.MaxValue;

    /// <summary>What <see cref="Rank"/> makes of NaN and +∞.</summary>
    public const uint NoNumber = uint.MaxValue;

    /// <summary>What <see cref="Rank"/> makes of −∞.</summary>
    public const uint RuledOut = 0x007FFFFF;

    // A draw goes through the tokens by columns of this many bits of the id, then by id: neighbouring work items then count
    // neighbouring columns.
    private const int ColumnBits = 11;

    /// <summary>Columns that a draw goes through.</summary>
    public const int Columns = 1 << ColumnBits;

    /// <summary>A whole number that is larger for a larger logit, equal for both zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Rank(float logit)
    {
        const uint Sign = 0x80000000;
        const uint Exponent = 0x7F800000;
        uint bits = Interop.FloatAsInt(logit);
        if ((bits & Exponent) == Exponent && bits != (Sign | Exponent))
        {
            return NoNumber;
        }

        bits = bits == Sign ? 0 : bits;
        return (bits & Sign) != 0 ? ~bits : bits | Sign;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Distance(float logit, float best)
    {
        const float Most = 1 << (32 - FractionBits);
        float below = best - logit;
        return below < Most ? (uint)(below * (1 << FractionBits)) : Never;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Key(uint distance, int id) => ((ulong)distance << IdBits) | (uint)id;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Key(float logit, int id, float best) => Key(Distance(logit, best), id);

    /// <summary>The last key of a distance.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong LastKey(uint distance) => Key(distance, MostTokens - 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint DistanceOf(ulong key) => (uint)(key >> IdBits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int IdOf(ulong key) => (int)key & (MostTokens - 1);

    /// <summary>Where a draw comes to a token, in <see cref="IdBits"/> bits: its column, then how far down it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Place(int id) => ((uint)(id & (Columns - 1)) << (IdBits - ColumnBits)) | ((uint)id >> ColumnBits);

    /// <summary>The token at a place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int IdAt(uint place) => (int)(((place << ColumnBits) & (MostTokens - 1)) | (place >> (IdBits - ColumnBits)));
}

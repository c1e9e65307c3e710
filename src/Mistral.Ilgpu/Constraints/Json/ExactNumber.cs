using System.Globalization;
using System.Numerics;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>A number of JSON: digits × 10^−scale.</summary>
internal readonly record struct ExactNumber(BigInteger Digits, int Scale) : IComparable<ExactNumber>
{
    // Longer numbers are none that anyone means.
    private const int MostScale = 400;

    public static ExactNumber Zero { get; } = new(0, 0);

    public static ExactNumber One { get; } = new(1, 0);

    /// <summary>The power of ten of the first digit of a number above 0, or one beside it.</summary>
    public int Magnitude => (int)Math.Floor(BigInteger.Log10(Digits)) - Scale;

    public bool IsInteger => Scale <= 0 || BigInteger.Remainder(Digits, BigInteger.Pow(10, Scale)).IsZero;

    /// <summary>Reads a number as JSON has it; null if its exponent is out of any measure.</summary>
    public static ExactNumber? Parse(ReadOnlySpan<char> text)
    {
        int exponent = 0;
        int e = text.IndexOfAny('e', 'E');
        if (e >= 0)
        {
            if (!int.TryParse(text[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent))
            {
                return null;
            }

            text = text[..e];
        }

        int point = text.IndexOf('.');
        int scale = point < 0 ? 0 : text.Length - point - 1;
        var digits = BigInteger.Parse(
            point < 0 ? text : string.Concat(text[..point], text[(point + 1)..]), NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture);
        long all = (long)scale - exponent;
        return digits.IsZero ? Zero : Math.Abs(all) > MostScale ? null : new ExactNumber(digits, (int)all);
    }

    public int CompareTo(ExactNumber other)
    {
        int scale = Math.Max(Scale, other.Scale);
        return At(scale).CompareTo(other.At(scale));
    }

    /// <summary>The number in units of 10^−scale, where it has no more digits than that.</summary>
    public BigInteger At(int scale) => scale >= Scale
        ? Digits * BigInteger.Pow(10, scale - Scale)
        : BigInteger.Divide(Digits, BigInteger.Pow(10, Scale - scale));

    public bool IsMultipleOf(ExactNumber other)
    {
        int scale = Math.Max(Scale, other.Scale);
        return BigInteger.Remainder(At(scale), other.At(scale)).IsZero;
    }

    /// <summary>The smallest number that both are parts of.</summary>
    public ExactNumber LeastCommonMultiple(ExactNumber other)
    {
        int scale = Math.Max(Scale, other.Scale);
        var (x, y) = (At(scale), other.At(scale));
        return new ExactNumber(x / BigInteger.GreatestCommonDivisor(x, y) * y, scale);
    }

    public ExactNumber Times10(int power) => new(Digits, Scale - power);

    public static ExactNumber operator -(ExactNumber number) => number with { Digits = -number.Digits };

    public static bool operator <(ExactNumber x, ExactNumber y) => x.CompareTo(y) < 0;

    public static bool operator >(ExactNumber x, ExactNumber y) => x.CompareTo(y) > 0;

    public static bool operator <=(ExactNumber x, ExactNumber y) => x.CompareTo(y) <= 0;

    public static bool operator >=(ExactNumber x, ExactNumber y) => x.CompareTo(y) >= 0;
}

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>How far a number in JSON is read.</summary>
/// <param name="IsComplete">Whether it is one.</param>
/// <param name="HasExponent">Whether its exponent is begun.</param>
internal readonly record struct JsonNumberShape(bool IsComplete, bool HasExponent)
{
    private const int MostExponentDigits = 3;

    /// <param name="isInteger">Whether it is written without a point and an exponent.</param>
    /// <returns>Whether the text is the beginning of a number.</returns>
    public static bool TryRead(string text, bool isInteger, out JsonNumberShape shape)
    {
        string digits = text.StartsWith('-') ? text[1..] : text;
        int whole = Digits(digits);
        shape = new JsonNumberShape(whole > 0, HasExponent: false);
        if (digits.Length == 0)
        {
            return true;
        }

        if (whole == 0 || (whole > 1 && digits[0] == '0'))
        {
            return false;
        }

        int at = whole;
        if (at == digits.Length || isInteger)
        {
            return at == digits.Length;
        }

        if (digits[at] == '.')
        {
            int fraction = Digits(digits[++at..]);
            at += fraction;
            shape = new JsonNumberShape(fraction > 0, HasExponent: false);
            if (at == digits.Length || fraction == 0)
            {
                return at == digits.Length;
            }
        }

        if (digits[at++] is not ('e' or 'E'))
        {
            return false;
        }

        at += at < digits.Length && digits[at] is ('+' or '-') ? 1 : 0;
        int exponent = Digits(digits[at..]);
        shape = new JsonNumberShape(exponent > 0, HasExponent: true);
        return at + exponent == digits.Length && exponent <= MostExponentDigits;
    }

    private static int Digits(string text) => text.TakeWhile(char.IsAsciiDigit).Count();
}

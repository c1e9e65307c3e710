using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>
/// A number in JSON (RFC 8259, §6). What is read so far decides whether it can still become one of the numbers: 12 stands for all
/// from 12 up to 13, from 120 up to 130, and so on. Whole numbers are written without a point or an exponent.
/// </summary>
internal sealed class JsonNumberLexeme : Lexeme
{
    private const int Unknown = -2;
    private const string Letters = "0123456789-+.eE";

    // More than a double tells apart, because a model that writes digits may go on for ever. Exponents are those that it has.
    private const int MostDigits = 40;
    private const int MostExponent = 308;

    private readonly NumberRange _range;
    private readonly List<string> _texts = [];
    private readonly List<int[]> _next = [];
    private readonly List<bool> _isAccepting = [];
    private readonly Dictionary<string, int> _states = new(StringComparer.Ordinal);

    public JsonNumberLexeme(NumberRange range)
    {
        _range = range;
        Start = StateOf("");
    }

    /// <summary>The state before the number; −1 if no number is in the range.</summary>
    public override int Start { get; }

    public override int Next(int state, byte value)
    {
        int slot = Letters.IndexOf((char)value);
        if (slot < 0)
        {
            return -1;
        }

        int next = _next[state][slot];
        if (next == Unknown)
        {
            next = StateOf(_texts[state] + (char)value);
            _next[state][slot] = next;
        }

        return next;
    }

    public override bool IsAccepting(int state) => _isAccepting[state];

    public override bool HasNext(int state)
    {
        for (int slot = 0; slot < Letters.Length; slot++)
        {
            if (Next(state, (byte)Letters[slot]) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private int StateOf(string text)
    {
        if (text.Length > MostDigits || !Shape.TryRead(text, _range.IsInteger, out var shape))
        {
            return -1;
        }

        // Numbers that may be any differ in form and length alone.
        text = _range.IsPlain ? FormOf(text) : text;
        if (_states.TryGetValue(text, out int state))
        {
            return state;
        }

        state = -1;
        if (_range.IsPlain || CanComplete(text, shape))
        {
            ConstraintLimits.Require(_texts.Count < ConstraintLimits.States, "number", "too many states");
            state = _texts.Count;
            _texts.Add(text);
            _isAccepting.Add(shape.IsComplete && (_range.IsPlain || IsIn(text)));
            var next = new int[Letters.Length];
            Array.Fill(next, Unknown);
            _next.Add(next);
        }

        _states[text] = state;
        return state;
    }

    // The same number with 1 for the first digit, if that is not 0, and 0 for the others.
    private static string FormOf(string text) => string.Create(text.Length, text, static (form, text) =>
    {
        int first = text.StartsWith('-') ? 1 : 0;
        for (int i = 0; i < text.Length; i++)
        {
            form[i] = !char.IsAsciiDigit(text[i]) ? text[i] : i == first && text[i] != '0' ? '1' : '0';
        }
    });

    private bool IsIn(string text) => ExactNumber.Parse(text) is { } number && _range.Contains(number)
        && (_range.Only is not { } only || only.Contains(text));

    private bool CanComplete(string text, Shape shape)
    {
        if (_range.Only is { } only)
        {
            return only.Any(number => number.StartsWith(text, StringComparison.Ordinal) && IsIn(number));
        }

        if (shape.HasExponent)
        {
            return HasExponent(text);
        }

        var range = text.StartsWith('-') ? _range.Negated() : _range;
        string digits = text.TrimStart('-');
        if (digits.Length == 0)
        {
            return text.Length == 0
                ? CanBegin(_range) || CanBegin(_range.Negated())
                : CanBegin(range);
        }

        if (digits.EndsWith('.'))
        {
            digits += "0";
            var whole = ExactNumber.Parse(digits)!.Value;
            return range.HasBetween(whole, Above(whole with { Digits = whole.Digits / 10, Scale = 0 }));
        }

        var value = ExactNumber.Parse(digits)!.Value;
        if (digits.Contains('.'))
        {
            int scale = digits.Length - digits.IndexOf('.') - 1;
            value = new ExactNumber(value.At(scale), scale);
            return range.HasBetween(value, Above(value));
        }

        // 0 goes on with a point alone.
        return value.Digits.IsZero ? range.HasBetween(value, new ExactNumber(1, 0)) : CanGrow(range, value);
    }

    private static bool CanBegin(NumberRange range) =>
        range.HasBetween(ExactNumber.Zero, new ExactNumber(1, -MostDigits));

    private static ExactNumber Above(ExactNumber value) => value with { Digits = value.Digits + 1 };

    // Digits may follow.
    private static bool CanGrow(NumberRange range, ExactNumber value)
    {
        for (int power = 0; power < MostDigits; power++)
        {
            if (range.HasBetween(value.Times10(power), Above(value).Times10(power)))
            {
                return true;
            }
        }

        return false;
    }

    // Whether some exponent that goes on as this one makes the number one of the range.
    private bool HasExponent(string text)
    {
        int e = text.IndexOfAny(['e', 'E']);
        string exponent = text[(e + 1)..];
        string sign = exponent.StartsWith('-') ? "-" : exponent.StartsWith('+') ? "+" : "";
        string digits = exponent[sign.Length..];
        for (int size = Math.Max(1, digits.Length); size <= 3; size++)
        {
            for (int value = 0; value <= MostExponent; value++)
            {
                string all = value.ToString("D" + size, System.Globalization.CultureInfo.InvariantCulture);
                if (all.Length == size && all.StartsWith(digits, StringComparison.Ordinal)
                    && (sign.Length > 0 || exponent.Length > 0
                        ? IsIn(text[..(e + 1)] + sign + all)
                        : IsIn(text + all) || IsIn(text + "-" + all)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>How far a number is read.</summary>
    private readonly record struct Shape(bool IsComplete, bool HasExponent)
    {
        public static bool TryRead(string text, bool isInteger, out Shape shape)
        {
            string digits = text.StartsWith('-') ? text[1..] : text;
            int whole = Digits(digits);
            shape = new Shape(whole > 0, HasExponent: false);
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
                shape = new Shape(fraction > 0, HasExponent: false);
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
            shape = new Shape(exponent > 0, HasExponent: true);
            return at + exponent == digits.Length && exponent <= 3;
        }

        private static int Digits(string text) => text.TakeWhile(char.IsAsciiDigit).Count();
    }
}

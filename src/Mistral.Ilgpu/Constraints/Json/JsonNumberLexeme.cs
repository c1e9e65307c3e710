using System.Globalization;
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
    private const int MostCharacters = 40;
    private const int MostExponent = 308;
    private const int LongestExponent = 5;

    private readonly NumberRange _range;
    private readonly NumberRange _negated;
    private readonly List<string> _texts = [];
    private readonly List<int[]> _next = [];
    private readonly List<bool> _isAccepting = [];
    private readonly Dictionary<string, int> _states = new(StringComparer.Ordinal);

    public JsonNumberLexeme(NumberRange range)
    {
        (_range, _negated) = (range, range.Negated());
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
        if (text.Length > MostCharacters || !JsonNumberShape.TryRead(text, _range.IsInteger, out var shape))
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

    private bool IsIn(string text) => ExactNumber.Parse(text) is { } number && _range.Contains(number);

    private bool CanComplete(string text, JsonNumberShape shape)
    {
        bool isNegative = text.StartsWith('-');
        string digits = text.TrimStart('-');
        if (digits.Length == 0)
        {
            return CanBegin(_negated) || (!isNegative && CanBegin(_range));
        }

        var range = isNegative ? _negated : _range;
        if (shape.HasExponent)
        {
            int e = digits.IndexOfAny(['e', 'E']);
            string exponent = digits[(e + 1)..];
            var mantissa = ExactNumber.Parse(digits.AsSpan(0, e))!.Value;
            return HasExponent(
                range, mantissa,
                value => IsBegunBy(exponent, value, MostCharacters - text.Length) && range.Contains(mantissa.Times10(value)));
        }

        // What is read stands for the numbers from itself up to the next one of as many digits.
        int point = digits.IndexOf('.');
        int scale = point < 0 ? 0 : digits.Length - point - 1;
        var least = new ExactNumber(ExactNumber.Parse(digits.TrimEnd('.'))!.Value.At(scale), scale);
        var end = least with { Digits = least.Digits + 1 };
        // Characters that may follow, and digits among them behind the point.
        int room = MostCharacters - text.Length;
        int most = point < 0 ? Math.Max(0, room - 1) : scale + room;
        bool canGrow = point < 0 && !least.Digits.IsZero;
        if (range.HasBetween(least, end, most) || (canGrow && CanGrow(range, least, end, room)))
        {
            return true;
        }

        // One digit before the point may have any exponent, as writers of JSON have it: 5e-05.
        most -= LongestExponent;
        return !range.IsInteger && digits[0] != '0' && (point < 0 ? digits.Length : point) == 1
            && room >= LongestExponent
            && HasExponent(range, least, value => range.HasBetween(least.Times10(value), end.Times10(value), most - value));
    }

    private static bool CanBegin(NumberRange range) =>
        range.HasBetween(ExactNumber.Zero, new ExactNumber(1, -MostExponent - 1), MostExponent);

    // Digits may follow.
    private static bool CanGrow(NumberRange range, ExactNumber least, ExactNumber end, int room)
    {
        for (int power = 1; power <= room; power++)
        {
            if (range.HasBetween(least.Times10(power), end.Times10(power), Math.Max(0, room - power - 1)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether some exponent does something that can only be done within the limits of a range.</summary>
    /// <param name="mantissa">What the exponent stands behind, from 0.</param>
    private static bool HasExponent(NumberRange range, ExactNumber mantissa, Predicate<int> does)
    {
        var least = range.Only is { Count: > 0 } only ? only[0] : range.Min;
        var most = range.Only is { Count: > 0 } all ? all[^1] : range.Max;
        bool isZero = mantissa.Digits.IsZero;
        int size = isZero ? 0 : mantissa.Magnitude;
        int? from = !isZero && least > ExactNumber.Zero ? least.Value.Magnitude - size - 3 : null;
        int? to = !isZero && most > ExactNumber.Zero ? most.Value.Magnitude - size + 3 : null;
        int first = Math.Max(-MostExponent, from ?? -MostExponent);
        int count = Math.Min(MostExponent, to ?? MostExponent) - first + 1;
        // Where there is one limit, most of what it allows is found beside it.
        bool isUpwards = from is not null || most is null;
        return Enumerable.Range(0, Math.Max(0, count)).Any(i => does(first + (isUpwards ? i : count - 1 - i)));
    }

    // Whether an exponent may begin with a text, its sign, if it has one, and some digits, and go on by a few more characters.
    private static bool IsBegunBy(string text, int exponent, int room)
    {
        string digits = text.TrimStart('+', '-');
        bool isSigned = digits.Length < text.Length;
        if (text.StartsWith('-') ? exponent > 0 : (isSigned || digits.Length > 0) && exponent < 0)
        {
            return false;
        }

        string all = Math.Abs(exponent).ToString(CultureInfo.InvariantCulture);
        int begun = digits.Length - (exponent < 0 && !isSigned ? 1 : 0);
        for (; all.Length <= Math.Min(3, begun + room); all = "0" + all)
        {
            if (all.StartsWith(digits, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}

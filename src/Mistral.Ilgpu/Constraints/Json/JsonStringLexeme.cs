using Mistral.Ilgpu.Constraints.Languages;
using Mistral.Ilgpu.Constraints.Machine;
using Mistral.Ilgpu.Constraints.Tokens;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>
/// The inside of a string in JSON and its closing quote (RFC 8259, §7). Escapes are decoded, so that the content is the text
/// that the string stands for, however it is written. Half of a surrogate pair is no character, and is refused.
/// </summary>
/// <param name="content">What the text may be.</param>
internal sealed class JsonStringLexeme(IContent content) : Lexeme
{
    private const int Unknown = -2;

    private readonly List<(Escape Escape, int Content)> _states = [];
    private readonly List<int[]> _next = [];
    private readonly Dictionary<(Escape Escape, int Content), int> _ids = [];
    private readonly Dictionary<int, SortedTokens> _tokens = [];

    /// <summary>How far an escape is read.</summary>
    private enum Stage
    {
        Plain,
        Backslash,
        Unit,
        LowBackslash,
        LowLetter,
        LowUnit,
        Closed,
    }

    public override int Start => StateOf(default, content.Start);

    /// <summary>The state behind the closing quote where the content is limited by length alone.</summary>
    public int Closed => StateOf(new Escape(Stage.Closed), content.Start);

    /// <summary>The state of the content.</summary>
    public int ContentOf(int state) => _states[state].Content;

    public override bool IsAccepting(int state) => _states[state].Escape.Stage == Stage.Closed;

    public override bool HasNext(int state) => !IsAccepting(state);

    /// <summary>Whether every text may follow.</summary>
    public bool IsFree(int state) =>
        _states[state] is { Escape.Stage: Stage.Plain, Content: var inner } && content.IsUniversal(inner);

    /// <summary>The characters of the content so far where it is limited by length alone and between two of them; null
    /// elsewhere.</summary>
    public (int Needed, int Remaining)? LengthsOf(int state) =>
        content is LengthContent lengths && _states[state] is { Escape.Stage: Stage.Plain, Content: var inner }
        && lengths.IsBetween(inner)
            ? (Math.Max(0, lengths.Min - LengthContent.CountOf(inner)), lengths.Max - LengthContent.CountOf(inner))
            : null;

    /// <summary>Characters so far, one that is begun included.</summary>
    public int CharactersOf(int state)
    {
        var (escape, inner) = _states[state];
        return LengthContent.CountOf(inner) + (escape.Stage is Stage.Plain or Stage.Closed ? 0 : 1);
    }

    public override int Next(int state, byte value)
    {
        int next = _next[state][value];
        if (next == Unknown)
        {
            next = Compute(state, value);
            _next[state][value] = next;
        }

        return next;
    }

    public override SortedTokens? TokensOf(int state, TokenTrie trie)
    {
        if (!_tokens.TryGetValue(state, out var tokens))
        {
            _tokens[state] = tokens = FreeStrings.Of(trie).TokensOf(this, state);
        }

        return tokens;
    }

    private int Compute(int state, byte value)
    {
        var (escape, inner) = _states[state];
        switch (escape.Stage)
        {
            case Stage.Plain when value == '"':
                // Of a length nothing is asked once it is right.
                return !content.IsAccepting(inner) ? -1
                    : content is LengthContent ? Closed
                    : StateOf(new Escape(Stage.Closed), inner);
            case Stage.Plain when value == '\\':
                return StateOf(new Escape(Stage.Backslash), inner);
            case Stage.Plain:
                return value is < 0x20 or LanguageFactory.End ? -1 : Plain(content.Next(inner, value));
            case Stage.Backslash when value == 'u':
                return StateOf(new Escape(Stage.Unit), inner);
            case Stage.Backslash:
                int character = "\"\\/bfnrt".IndexOf((char)value);
                return character < 0 ? -1 : Plain(content.Next(inner, (byte)"\"\\/\b\f\n\r\t"[character]));
            case Stage.LowBackslash:
                return value == '\\' ? StateOf(escape with { Stage = Stage.LowLetter }, inner) : -1;
            case Stage.LowLetter:
                return value == 'u' ? StateOf(escape with { Stage = Stage.LowUnit }, inner) : -1;
            case Stage.Unit or Stage.LowUnit when char.IsAsciiHexDigit((char)value):
                var digits = escape with
                {
                    Digits = escape.Digits + 1, Value = (escape.Value << 4) + Convert.ToInt32(((char)value).ToString(), 16),
                };
                return digits.Digits < 4 ? StateOf(digits, inner) : Complete(digits, inner);
            default:
                return -1;
        }
    }

    private int Complete(Escape escape, int inner)
    {
        if (escape.Stage == Stage.LowUnit)
        {
            return char.IsLowSurrogate((char)escape.Value)
                ? Plain(content.NextCharacter(inner, Joined(escape.High, escape.Value)))
                : -1;
        }

        return char.IsHighSurrogate((char)escape.Value) ? StateOf(new Escape(Stage.LowBackslash, High: escape.Value), inner)
            : char.IsLowSurrogate((char)escape.Value) || char.IsAsciiLetterOrDigit((char)escape.Value) ? -1
            : Plain(content.NextCharacter(inner, escape.Value));
    }

    private int Plain(int inner) => inner < 0 ? -1 : StateOf(default, inner);

    private int StateOf(Escape escape, int inner)
    {
        if (_ids.TryGetValue((escape, inner), out int id))
        {
            return id;
        }

        id = -1;
        if (CanComplete(escape, inner))
        {
            ConstraintLimits.Require(_states.Count < ConstraintLimits.States, "string", "too many states");
            id = _states.Count;
            _states.Add((escape, inner));
            var next = new int[256];
            Array.Fill(next, Unknown);
            _next.Add(next);
        }

        _ids[(escape, inner)] = id;
        return id;
    }

    // Whether an escape that is begun can become a character that the content has here.
    private bool CanComplete(Escape escape, int inner)
    {
        int open = 4 * (4 - escape.Digits);
        var (first, last) = (escape.Value << open, ((escape.Value + 1) << open) - 1);
        switch (escape.Stage)
        {
            case Stage.Backslash:
                return "\"\\/\b\f\n\r\t".Any(character => content.Next(inner, (byte)character) >= 0)
                    || CanEscape(inner, 0, 0x10FFFF);
            case Stage.Unit:
                return CanEscape(inner, first, Math.Min(last, 0xD7FF)) || CanEscape(inner, Math.Max(first, 0xE000), last)
                    || (first <= 0xDBFF && last >= 0xD800
                        && CanEscape(inner, Joined(Math.Max(first, 0xD800), 0xDC00), Joined(Math.Min(last, 0xDBFF), 0xDFFF)));
            case Stage.LowBackslash or Stage.LowLetter or Stage.LowUnit:
                return (first, last) is ( <= 0xDFFF, >= 0xDC00) && CanEscape(
                    inner, Joined(escape.High, Math.Max(first, 0xDC00)), Joined(escape.High, Math.Min(last, 0xDFFF)));
            default:
                return true;
        }
    }

    private static int Joined(int high, int low) => char.ConvertToUtf32((char)high, (char)low);

    // Letters and digits are written as they are: no writer of JSON escapes them, and a model would only lose its way.
    private bool CanEscape(int inner, int first, int last)
    {
        for (; first <= Math.Min(last, 0x7F); first++)
        {
            if (!char.IsAsciiLetterOrDigit((char)first) && content.Next(inner, (byte)first) >= 0)
            {
                return true;
            }
        }

        return content.HasAny(inner, first, Math.Min(last, 0xD7FF)) || content.HasAny(inner, Math.Max(first, 0xE000), last);
    }

    /// <param name="Digits">Hexadecimal digits so far.</param>
    /// <param name="Value">Their value.</param>
    /// <param name="High">The first half of a surrogate pair.</param>
    private readonly record struct Escape(Stage Stage, int Digits = 0, int Value = 0, int High = 0);
}

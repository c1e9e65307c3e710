namespace Mistral.Ilgpu.Chat;

/// <summary>
/// Tells, one character at a time, whether a text can still become a value of JSON. Numbers and words are looked at
/// loosely, because whoever has the whole text parses it.
/// </summary>
internal sealed class JsonPrefix
{
    private const string WordCharacters = "0123456789+-.eEtrufalsn";
    private const int HexDigits = 4;

    // Whether each value that is open is an object.
    private readonly Stack<bool> _open = [];
    private bool _isEscaped;
    private int _hexDigits;
    private bool _isInWord;

    /// <summary>What may come next between strings and words.</summary>
    public enum Expectation
    {
        /// <summary>A value.</summary>
        Value,

        /// <summary>A value, or the end of a list without one.</summary>
        FirstValue,

        /// <summary>The name of a member.</summary>
        Name,

        /// <summary>The name of a member, or the end of an object without one.</summary>
        FirstName,

        /// <summary>What stands between a name and its value.</summary>
        Colon,

        /// <summary>Another value or member, or the end.</summary>
        Separator,

        /// <summary>Nothing: the value is whole.</summary>
        Nothing,
    }

    public Expectation Expected { get; private set; } = Expectation.Value;

    /// <summary>Objects and lists that are open.</summary>
    public int Depth => _open.Count;

    public bool IsInString { get; private set; }

    private bool IsInObject => _open.TryPeek(out bool isObject) && isObject;

    /// <returns>Whether a value may begin so.</returns>
    public bool Append(char character)
    {
        if (IsInString)
        {
            return AppendToString(character);
        }

        if (_isInWord && WordCharacters.Contains(character, StringComparison.Ordinal))
        {
            return true;
        }

        if (_isInWord)
        {
            _isInWord = false;
            EndValue();
        }

        return char.IsWhiteSpace(character) || AppendBetween(character);
    }

    private bool AppendToString(char character)
    {
        if (_hexDigits > 0)
        {
            _hexDigits--;
            return char.IsAsciiHexDigit(character);
        }

        if (_isEscaped)
        {
            _isEscaped = false;
            _hexDigits = character == 'u' ? HexDigits : 0;
            return "\"\\/bfnrtu".Contains(character, StringComparison.Ordinal);
        }

        _isEscaped = character == '\\';
        if (character == '"')
        {
            IsInString = false;
            if (Expected is Expectation.Name or Expectation.FirstName) Expected = Expectation.Colon;
            else EndValue();
        }

        return character >= ' ';
    }

    private bool AppendBetween(char character)
    {
        bool wantsValue = Expected is Expectation.Value or Expectation.FirstValue;
        switch (character)
        {
            case '"':
                IsInString = true;
                return wantsValue || Expected is Expectation.Name or Expectation.FirstName;
            case '{' or '[':
                _open.Push(character == '{');
                Expected = character == '{' ? Expectation.FirstName : Expectation.FirstValue;
                return wantsValue;
            case '}' when IsInObject && Expected is Expectation.FirstName or Expectation.Separator:
            case ']' when Depth > 0 && !IsInObject && Expected is Expectation.FirstValue or Expectation.Separator:
                return Close(isObject: character == '}');
            case ':' when Expected == Expectation.Colon:
                Expected = Expectation.Value;
                return true;
            case ',' when Expected == Expectation.Separator:
                Expected = IsInObject ? Expectation.Name : Expectation.Value;
                return true;
            default:
                _isInWord = wantsValue && WordCharacters.Contains(character, StringComparison.Ordinal);
                return _isInWord;
        }
    }

    private bool Close(bool isObject)
    {
        if (!_open.TryPop(out bool wasObject) || wasObject != isObject) return false;
        EndValue();
        return true;
    }

    private void EndValue() => Expected = Depth == 0 ? Expectation.Nothing : Expectation.Separator;
}

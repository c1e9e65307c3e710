namespace Mistral.Ilgpu.Chat;

/// <summary>
/// Finds where an object, a list or a string of JSON ends, one character at a time. A number or a word has no end of its
/// own: what follows it ends it.
/// </summary>
internal struct JsonExtent
{
    private int _depth;
    private bool _isInString;
    private bool _isEscaped;

    /// <summary>Whether the value ends with this character.</summary>
    public bool EndsWith(char character)
    {
        if (_isInString)
        {
            bool ends = character == '"' && !_isEscaped;
            _isEscaped = character == '\\' && !_isEscaped;
            _isInString = !ends;
            return ends && _depth == 0;
        }

        switch (character)
        {
            case '"':
                _isInString = true;
                return false;
            case '{' or '[':
                _depth++;
                return false;
            case '}' or ']':
                _depth--;
                return _depth <= 0;
            default:
                return false;
        }
    }
}

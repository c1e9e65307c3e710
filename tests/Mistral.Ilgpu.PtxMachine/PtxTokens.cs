using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.PtxMachine;

/// <summary>The words of a PTX module, comments left out.</summary>
internal sealed partial class PtxTokens
{
    private readonly string _text;
    private readonly List<(string Text, int At)> _tokens;
    private int _next;

    public PtxTokens(string module)
    {
        _text = Comments().Replace(module, " ");
        _tokens = [.. Words().Matches(_text).Select(match => (match.Value, match.Index))];
    }

    public bool IsAtEnd => _next == _tokens.Count;

    /// <summary>Where the next word stands in the text.</summary>
    public int Position => IsAtEnd ? _text.Length : _tokens[_next].At;

    public string Peek(int ahead = 0) => _next + ahead < _tokens.Count ? _tokens[_next + ahead].Text : "";

    public string Take() => IsAtEnd ? throw new PtxException("the module ends too early") : _tokens[_next++].Text;

    public bool TryTake(string word)
    {
        bool isNext = Peek() == word;
        _next += isNext ? 1 : 0;
        return isNext;
    }

    public void Expect(string word)
    {
        if (!TryTake(word))
        {
            throw new PtxException($"expected '{word}', found '{Peek()}' in '{_text[Math.Max(0, Position - 40)..Math.Min(_text.Length, Position + 20)].ReplaceLineEndings(" ")}'");
        }
    }

    /// <summary>A number, with its sign.</summary>
    public int TakeInt()
    {
        string word = Take();
        return int.TryParse(word, out int value) ? value : throw new PtxException($"expected a number, found '{word}'");
    }

    /// <summary>The text from a position up to the next word, on one line.</summary>
    public string TextFrom(int position) => Spaces().Replace(_text[position..Position].Trim(), " ");

    [GeneratedRegex("//[^\n]*|/\\*.*?\\*/", RegexOptions.Singleline)]
    private static partial Regex Comments();

    [GeneratedRegex("\"[^\"]*\"|0[fF][0-9a-fA-F]{8}|0[dD][0-9a-fA-F]{16}|0[xX][0-9a-fA-F]+U?|\\d+\\.\\d+|\\d+U?|[%$A-Za-z_.](?:[\\w.$%]|::)*|\\S")]
    private static partial Regex Words();

    [GeneratedRegex("\\s+")]
    private static partial Regex Spaces();
}

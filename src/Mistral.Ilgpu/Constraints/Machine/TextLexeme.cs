using Mistral.Ilgpu.Constraints.Languages;

namespace Mistral.Ilgpu.Constraints.Machine;

/// <summary>Text as it is, such as a word of a grammar or a whole answer in the form of a pattern.</summary>
internal sealed class TextLexeme(IContent content) : Lexeme
{
    private readonly Dictionary<int, bool> _hasNext = [];

    public override int Start => content.Start;

    public override int Next(int state, byte value) => value == LanguageFactory.End ? -1 : content.Next(state, value);

    public override bool IsAccepting(int state) => content.IsAccepting(state);

    public override bool HasNext(int state)
    {
        if (!_hasNext.TryGetValue(state, out bool hasNext))
        {
            for (int value = 0; value < LanguageFactory.End && !hasNext; value++)
            {
                hasNext = content.Next(state, (byte)value) >= 0;
            }

            _hasNext[state] = hasNext;
        }

        return hasNext;
    }

    private readonly Dictionary<int, Tokens.SortedTokens> _tokens = [];

    public override Tokens.SortedTokens? TokensOf(int state, Tokens.TokenTrie trie)
    {
        if (!_tokens.TryGetValue(state, out var tokens))
        {
            _tokens[state] = tokens = Tokens.SortedTokens.Walk(this, state, trie);
        }

        return tokens;
    }
}

using Mistral.Ilgpu.Constraints.Machine;

namespace Mistral.Ilgpu.Constraints.Tokens;

/// <summary>The tokens that may follow within a lexeme, and those that may lead out of it.</summary>
/// <param name="Within">Tokens that end within the lexeme.</param>
/// <param name="Exits">Nodes of the vocabulary's tree where the lexeme may be complete, and its state there. What lies below them
/// depends on what follows the lexeme.</param>
internal sealed record SortedTokens(TokenMask Within, IReadOnlyList<(int Node, int Final)> Exits)
{
    /// <summary>Sorts the tokens by a walk through all that may follow.</summary>
    public static SortedTokens Walk(Lexeme lexeme, int state, TokenTrie trie)
    {
        var within = new TokenMask(trie.VocabularySize);
        List<(int Node, int Final)> exits = [];
        Span<int> states = stackalloc int[byte.MaxValue + 1];
        int node = 0;
        while (node < trie.Count)
        {
            int depth = trie.DepthOf(node);
            int next = lexeme.Next(depth == 0 ? state : states[depth - 1], trie.ByteOf(node));
            if (next < 0)
            {
                node = trie.EndOf(node);
                continue;
            }

            if (lexeme.IsAccepting(next))
            {
                exits.Add((node, next));
            }

            if (!lexeme.HasNext(next))
            {
                node = trie.EndOf(node);
                continue;
            }

            trie.Add(node, within);
            states[depth] = next;
            node++;
        }

        return new SortedTokens(within, exits);
    }
}

using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Constraints.Languages;
using Mistral.Ilgpu.Constraints.Tokens;

namespace Mistral.Ilgpu.Constraints.Json;

/// <summary>
/// The tokens of a vocabulary within a string that may be anything, sorted once for all constraints. Strings that are limited
/// differ from it in few tokens. Safe for concurrent use.
/// </summary>
internal sealed class FreeStrings
{
    private static readonly ConditionalWeakTable<TokenTrie, FreeStrings> All = [];

    private readonly TokenTrie _trie;

    // By the number of characters: the tokens that have no more.
    private readonly TokenMask[] _within;

    // Nodes where the string ends, and the characters before.
    private readonly (int Node, int Characters)[] _exits;

    private FreeStrings(TokenTrie trie)
    {
        _trie = trie;
        var factory = new LanguageFactory();
        var lexeme = new JsonStringLexeme(
            new LengthContent(0, ushort.MaxValue, new TextAutomaton(factory, factory.AllText)));
        List<(int Node, int Characters)> exits = [];
        List<TokenMask> byLength = [];
        var states = new int[trie.Longest];
        int node = 0;
        while (node < trie.Count)
        {
            int depth = trie.DepthOf(node);
            int before = depth == 0 ? lexeme.Start : states[depth - 1];
            int next = lexeme.Next(before, trie.ByteOf(node));
            if (next < 0 || lexeme.IsAccepting(next))
            {
                if (next >= 0)
                {
                    exits.Add((node, lexeme.CharactersOf(before)));
                }

                node = trie.EndOf(node);
                continue;
            }

            int characters = lexeme.CharactersOf(next);
            while (byLength.Count <= characters)
            {
                byLength.Add(new TokenMask(trie.VocabularySize));
            }

            trie.Add(node, byLength[characters]);
            states[depth] = next;
            node++;
        }

        for (int i = 1; i < byLength.Count; i++)
        {
            byLength[i].Add(byLength[i - 1]);
        }

        (_within, _exits) = ([.. byLength], [.. exits]);
    }

    public static FreeStrings Of(TokenTrie trie) => All.GetValue(trie, static trie => new FreeStrings(trie));

    /// <summary>The tokens that may follow in a state of a string.</summary>
    public SortedTokens TokensOf(JsonStringLexeme lexeme, int state)
    {
        if (lexeme.IsFree(state))
        {
            return Limited(0, int.MaxValue, lexeme.Next(state, (byte)'"'));
        }

        if (lexeme.LengthsOf(state) is { } lengths)
        {
            // Where a string of a limited length ends changes nothing of what follows.
            return Limited(lengths.Needed, lengths.Remaining, lexeme.Closed);
        }

        return MostAreFree(lexeme, state) ? Changed(lexeme, state) : SortedTokens.Walk(lexeme, state, _trie);
    }

    private SortedTokens Limited(int needed, int remaining, int final) => new(
        _within[Math.Min(remaining, _within.Length - 1)],
        [.. _exits.Where(exit => exit.Characters >= needed && exit.Characters <= remaining).Select(exit => (exit.Node, final))]);

    // Whether the string may be anything behind most first bytes.
    private bool MostAreFree(JsonStringLexeme lexeme, int state)
    {
        int free = 0;
        for (int node = 0; node < _trie.Count; node = _trie.EndOf(node))
        {
            int next = lexeme.Next(state, _trie.ByteOf(node));
            free += next >= 0 && lexeme.HasNext(next) && lexeme.IsFree(next) ? _trie.EndOf(node) - node : 0;
        }

        return free > _trie.Count / 2;
    }

    // The tokens of a free string, but for what lies on the ways where this one is not yet free.
    private SortedTokens Changed(JsonStringLexeme lexeme, int state)
    {
        var within = _within[^1].Clone();
        var finals = new int[_exits.Length];
        var states = new int[_trie.Longest];
        int node = 0;
        while (node < _trie.Count)
        {
            int depth = _trie.DepthOf(node);
            int next = lexeme.Next(depth == 0 ? state : states[depth - 1], _trie.ByteOf(node));
            if (next >= 0 && lexeme.HasNext(next) && !lexeme.IsFree(next))
            {
                states[depth] = next;
                node++;
                continue;
            }

            int end = _trie.EndOf(node);
            if (next < 0)
            {
                _trie.RemoveAll(node, within);
                SetFinals(finals, node, end, -1);
            }
            else
            {
                SetFinals(finals, node, end, lexeme.HasNext(next) ? lexeme.Next(next, (byte)'"') : next);
            }

            node = end;
        }

        return new SortedTokens(
            within, [.. _exits.Zip(finals, (exit, final) => (exit.Node, final)).Where(exit => exit.final >= 0)]);
    }

    private void SetFinals(int[] finals, int from, int end, int final)
    {
        int i = Array.BinarySearch(_exits, (from, 0));
        for (i = i < 0 ? ~i : i; i < _exits.Length && _exits[i].Node < end; i++)
        {
            finals[i] = final;
        }
    }
}

using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Constraints.Tokens;

/// <summary>
/// The tokens of a vocabulary by the bytes of their text: a tree whose nodes lie in the order of a walk, so that a walk goes
/// forward through arrays and leaves out what lies below a node by one jump. Safe for concurrent use.
/// </summary>
internal sealed class TokenTrie
{
    private static readonly ConditionalWeakTable<TextTokenizer, TokenTrie> Tries = [];

    private readonly byte[] _bytes;
    private readonly byte[] _depths;
    private readonly int[] _ends;
    private readonly int[] _tokens;

    // Tokens with the same bytes as an earlier one: the next one, or −1.
    private readonly int[] _nextSame;

    private TokenTrie(TextTokenizer tokenizer)
    {
        VocabularySize = tokenizer.VocabularySize;
        List<(byte[] Bytes, int Id)> tokens = [];
        for (int id = 0; id < VocabularySize; id++)
        {
            // A token longer than this is no part of a constrained text.
            if (tokenizer.TextBytesOf(id) is { Length: > 0 and <= byte.MaxValue } bytes)
            {
                tokens.Add((bytes, id));
            }
        }

        tokens.Sort(static (x, y) => x.Bytes.AsSpan().SequenceCompareTo(y.Bytes) is not 0 and var order ? order : x.Id - y.Id);
        List<byte> values = [];
        List<byte> depths = [];
        List<int> ids = [];
        _nextSame = new int[VocabularySize];
        Array.Fill(_nextSame, -1);
        byte[] previous = [];
        int last = -1;
        foreach (var (bytes, id) in tokens)
        {
            int shared = bytes.AsSpan().CommonPrefixLength(previous);
            if (shared == bytes.Length && last >= 0)
            {
                _nextSame[last] = id;
            }

            for (int depth = shared; depth < bytes.Length; depth++)
            {
                values.Add(bytes[depth]);
                depths.Add((byte)depth);
                ids.Add(depth == bytes.Length - 1 ? id : -1);
            }

            (previous, last) = (bytes, id);
        }

        (_bytes, _depths, _tokens) = ([.. values], [.. depths], [.. ids]);
        _ends = new int[_bytes.Length];
        var open = new Stack<int>();
        for (int node = 0; node < _bytes.Length; node++)
        {
            Close(node, _depths[node]);
            open.Push(node);
        }

        Close(_bytes.Length, 0);

        void Close(int end, int depth)
        {
            while (open.TryPeek(out int top) && _depths[top] >= depth)
            {
                _ends[open.Pop()] = end;
            }
        }
    }

    public int VocabularySize { get; }

    /// <summary>How many nodes there are.</summary>
    public int Count => _bytes.Length;

    /// <summary>The longest token, in bytes.</summary>
    public int Longest => _depths.Length == 0 ? 0 : _depths.Max() + 1;

    public static TokenTrie Of(TextTokenizer tokenizer) =>
        Tries.GetValue(tokenizer, static tokenizer => new TokenTrie(tokenizer));

    public byte ByteOf(int node) => _bytes[node];

    public int DepthOf(int node) => _depths[node];

    /// <summary>The node behind all that lie below this one.</summary>
    public int EndOf(int node) => _ends[node];

    /// <summary>Adds the tokens that end in a node.</summary>
    public void Add(int node, TokenMask mask)
    {
        for (int token = _tokens[node]; token >= 0; token = _nextSame[token])
        {
            mask.Add(token);
        }
    }

    /// <summary>Adds the tokens that end in a node or below it.</summary>
    public void AddAll(int node, TokenMask mask)
    {
        for (int end = _ends[node]; node < end; node++)
        {
            Add(node, mask);
        }
    }

    /// <summary>Removes the tokens that end in a node or below it.</summary>
    public void RemoveAll(int node, TokenMask mask)
    {
        for (int end = _ends[node]; node < end; node++)
        {
            for (int token = _tokens[node]; token >= 0; token = _nextSame[token])
            {
                mask.Remove(token);
            }
        }
    }
}

namespace Mistral.Ilgpu.Tokenization;

/// <summary>Finds the longest of a set of words at the start of a text.</summary>
internal sealed class PrefixTrie
{
    private readonly Dictionary<(int Node, char Next), int> _edges = [];
    private readonly List<bool> _isWord = [false];

    public PrefixTrie(IEnumerable<string> words)
    {
        foreach (var word in words)
        {
            var node = 0;
            foreach (var character in word)
            {
                if (!_edges.TryGetValue((node, character), out var next))
                {
                    next = _isWord.Count;
                    _isWord.Add(false);
                    _edges.Add((node, character), next);
                }

                node = next;
            }

            _isWord[node] = true;
        }
    }

    public bool IsEmpty => _edges.Count == 0;

    /// <summary>The length of the longest word that starts <paramref name="text"/>, or 0.</summary>
    public int LongestMatch(ReadOnlySpan<char> text)
    {
        var (node, longest) = (0, 0);
        for (var i = 0; i < text.Length && _edges.TryGetValue((node, text[i]), out node); i++)
        {
            if (_isWord[node]) longest = i + 1;
        }

        return longest;
    }
}

using System.Numerics;
using System.Numerics.Tensors;

namespace Mistral.Ilgpu.Constraints.Tokens;

/// <summary>A set of tokens, a bit for each of the vocabulary.</summary>
internal sealed class TokenMask
{
    private readonly ulong[] _words;

    public TokenMask(int vocabularySize) => _words = new ulong[(vocabularySize + 63) / 64];

    private TokenMask(ulong[] words) => _words = words;

    /// <summary>How many tokens it has.</summary>
    public int Count
    {
        get
        {
            int count = 0;
            foreach (ulong word in _words)
            {
                count += BitOperations.PopCount(word);
            }

            return count;
        }
    }

    public bool Contains(int token) =>
        (uint)token < (uint)_words.Length * 64 && (_words[token >> 6] >> (token & 63) & 1) != 0;

    /// <summary>The tokens, in order.</summary>
    public List<int> ToList()
    {
        List<int> tokens = [];
        for (int word = 0; word < _words.Length; word++)
        {
            for (ulong bits = _words[word]; bits != 0; bits &= bits - 1)
            {
                tokens.Add((word * 64) + BitOperations.TrailingZeroCount(bits));
            }
        }

        return tokens;
    }

    public void Add(int token) => _words[token >> 6] |= 1UL << (token & 63);

    public void Remove(int token) => _words[token >> 6] &= ~(1UL << (token & 63));

    /// <summary>Adds all tokens of another.</summary>
    public void Add(TokenMask other) => TensorPrimitives.BitwiseOr<ulong>(_words, other._words, _words);

    public TokenMask Clone() => new((ulong[])_words.Clone());

    /// <summary>Sets the logits of all other tokens to −∞.</summary>
    /// <param name="logits">One for each token; those past the vocabulary are others too.</param>
    public void Apply(Span<float> logits)
    {
        for (int word = 0; word * 64 < logits.Length; word++)
        {
            ulong bits = word < _words.Length ? _words[word] : 0;
            var part = logits[(word * 64)..Math.Min(logits.Length, (word * 64) + 64)];
            if (bits == 0)
            {
                part.Fill(float.NegativeInfinity);
                continue;
            }

            for (ulong gone = ~bits; gone != 0; gone &= gone - 1)
            {
                int at = BitOperations.TrailingZeroCount(gone);
                if (at >= part.Length)
                {
                    break;
                }

                part[at] = float.NegativeInfinity;
            }
        }
    }
}

namespace Mistral.Ilgpu.Tests.Tokenization;

/// <summary>BPE from its definition: look at every pair, merge the best and leftmost, start again.</summary>
internal static class NaiveBpe
{
    public static List<string> Split(IEnumerable<string> characters, IReadOnlyDictionary<string, float> scores)
    {
        var symbols = characters.ToList();
        while (true)
        {
            var (best, bestScore) = (-1, float.NegativeInfinity);
            for (var i = 0; i + 1 < symbols.Count; i++)
            {
                if (scores.TryGetValue(symbols[i] + symbols[i + 1], out var score) && (best < 0 || score > bestScore))
                    (best, bestScore) = (i, score);
            }

            if (best < 0) return symbols;
            symbols[best] += symbols[best + 1];
            symbols.RemoveAt(best + 1);
        }
    }
}

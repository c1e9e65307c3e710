namespace Mistral.Ilgpu.Cli.Options;

/// <summary>Finds the word that a misspelt word stands for.</summary>
internal static class Suggestion
{
    // Almost any two words of at most three letters are one edit apart.
    private const int ShortWord = 4;

    /// <summary>The end of an error message, which suggests the nearest candidate; empty if none is near.</summary>
    public static string For(string word, IEnumerable<string> candidates) =>
        Nearest(word, candidates) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    /// <summary>
    /// The candidate that begins with the word, or that differs in at most a third of its letters; null if there is none.
    /// </summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        string wanted = word.TrimStart('-').ToLowerInvariant();
        if (wanted.Length < 2)
        {
            return null;
        }

        string? nearest = null;
        int least = Math.Max(1, wanted.Length / 3) + 1;
        foreach (string candidate in candidates)
        {
            string name = candidate.TrimStart('-').ToLowerInvariant();
            int distance = name.StartsWith(wanted, StringComparison.Ordinal) ? 0
                : wanted.Length < ShortWord && name[0] != wanted[0] ? int.MaxValue
                : Edits(wanted, name);
            if (distance < least)
            {
                (nearest, least) = (candidate, distance);
            }
        }

        return nearest;
    }

    /// <summary>
    /// The number of insertions, removals, replacements and swaps of neighbours (optimal string alignment).
    /// </summary>
    /// <example>temprature to temperature: 1; tpye to type: 1.</example>
    private static int Edits(string from, string to)
    {
        var edits = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            for (int j = 0; j <= to.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    edits[i, j] = i + j;
                    continue;
                }

                int replaced = edits[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
                edits[i, j] = Math.Min(replaced, Math.Min(edits[i - 1, j], edits[i, j - 1]) + 1);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
                }
            }
        }

        return edits[from.Length, to.Length];
    }
}

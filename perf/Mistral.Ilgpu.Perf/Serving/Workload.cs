namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>
/// Makes texts with lengths like those of ShareGPT, the conversations that vLLM's benchmark sends: both lengths are log-normal,
/// and a few texts are long. All is decided by a seed.
/// </summary>
/// <param name="words">Ids that prompts consist of.</param>
internal sealed class Workload(int[] words)
{
    // A quarter of prompts have fewer than 40 tokens and a quarter more than 160; of answers, 50 and 145.
    private const double PromptMedian = 80;
    private const double PromptSpread = 1.0;
    private const double AnswerMedian = 85;
    private const double AnswerSpread = 0.8;
    private const int Shortest = 4;
    private const int LongestPrompt = 768;
    private const int LongestAnswer = 384;

    /// <summary>Texts that arrive as a Poisson process.</summary>
    /// <param name="rate">Texts in a second; infinity for all at once.</param>
    public LoadText[] Poisson(int count, double rate, int seed)
    {
        var random = new Random(seed);
        double arrival = 0;
        var texts = new LoadText[count];
        for (int i = 0; i < count; i++)
        {
            int prompt = Length(random, PromptMedian, PromptSpread, LongestPrompt);
            int answer = Length(random, AnswerMedian, AnswerSpread, LongestAnswer);
            texts[i] = new LoadText(arrival, Prompt(random, prompt), answer);
            arrival += double.IsPositiveInfinity(rate) ? 0 : -Math.Log(1 - random.NextDouble()) / rate;
        }

        return texts;
    }

    /// <summary>Texts whose prompts begin alike, for their whole length or from the second token on: of these none can share
    /// what is cached, though lengths are the same.</summary>
    public LoadText[] Shared(int count, int shared, bool isShared, int seed)
    {
        var random = new Random(seed);
        int[] head = Prompt(random, shared);
        return
        [
            .. Enumerable.Range(0, count).Select(i => new LoadText(
                0,
                [isShared ? head[0] : words[i % words.Length], isShared ? head[1] : words[i / words.Length], .. head[2..],
                    .. Prompt(random, Length(random, PromptMedian / 2, PromptSpread, LongestPrompt))],
                Length(random, AnswerMedian / 2, AnswerSpread, LongestAnswer))),
        ];
    }

    /// <summary>Texts of the same lengths.</summary>
    public LoadText[] Equal(int count, int prompt, int answer, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => new LoadText(0, Prompt(random, prompt), answer))];
    }

    private int[] Prompt(Random random, int length) =>
        [.. Enumerable.Range(0, length).Select(_ => words[random.Next(words.Length)])];

    private static int Length(Random random, double median, double spread, int longest)
    {
        double normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return (int)Math.Clamp(median * Math.Exp(spread * normal), Shortest, longest);
    }
}

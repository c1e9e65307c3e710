using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

public sealed class SamplerTests
{
    private const int Draws = 20000;

    [Fact]
    public void SplitMix64_SeedOfThePublishedExample_GivesItsNumbers()
    {
        var random = new SplitMix64(1234567);

        Assert.Equal(
            [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821],
            Enumerable.Range(0, 5).Select(i => random[(ulong)i]));
    }

    [Fact]
    public void Greedy_EquallyLikelyTokens_TakesTheLowestId()
    {
        var sampler = NewSampler(new SamplingOptions { RepeatPenalty = 1.5 }, 5);

        Assert.Equal(1, Sample(sampler, [-1, 4, 4, 4, 0]));
    }

    [Fact]
    public void Greedy_OtherFiltersSet_StillTakesTheMostLikely()
    {
        var sampler = NewSampler(new SamplingOptions { TopK = 3, TopP = 0.5, MinP = 0.1, RepeatPenalty = 1.1 }, 4);

        Assert.Equal(2, Sample(sampler, [0, 1, 2, 1]));
    }

    [Fact]
    public void RepeatPenalty_SeenTokens_DividesPositiveAndMultipliesNegative()
    {
        var sampler = NewSampler(new SamplingOptions { RepeatPenalty = 2 }, 4);
        sampler.Accept(0, isOutput: false);
        sampler.Accept(1, isOutput: false);
        sampler.Accept(1, isOutput: false);
        float[] logits = [3, -1, 2, -1.5f];

        int chosen = Sample(sampler, logits);

        Assert.Equal(2, chosen);
        Assert.Equal([1.5f, -2, 2, -1.5f], logits);
    }

    [Theory]
    [InlineData(1.0, 0, 1.0, 0.0)]
    [InlineData(0.7, 0, 1.0, 0.0)]
    [InlineData(2.0, 5, 1.0, 0.0)]
    [InlineData(1.0, 0, 0.8, 0.0)]
    [InlineData(1.3, 0, 1.0, 0.2)]
    [InlineData(0.9, 6, 0.9, 0.05)]
    [InlineData(1.0, 3, 0.7, 0.0)]
    [InlineData(1.0, 100, 1.0, 0.3)]
    public void Sample_EachFilter_DrawsFromTheReferenceDistribution(double temperature, int topK, double topP, double minP)
    {
        var options = new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP, Seed = 7 };
        var random = new Random(11);
        // Two pairs of equals, so that ties fall on borders.
        float[] logits = [.. Enumerable.Range(0, 12).Select(_ => (float)(random.NextDouble() * 4)), 2.5f, 2.5f, 1, 1];
        double[] expected = Reference(logits, options);
        var sampler = NewSampler(options, logits.Length);
        var counts = new int[logits.Length];

        for (int i = 0; i < Draws; i++)
        {
            counts[Sample(sampler, [.. logits])]++;
        }

        double chiSquare = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            if (expected[id] == 0)
            {
                Assert.Equal(0, counts[id]);
            }
            else
            {
                Assert.True(counts[id] > 0, $"token {id} of probability {expected[id]} was never drawn");
                chiSquare += Math.Pow(counts[id] - (Draws * expected[id]), 2) / (Draws * expected[id]);
            }
        }

        int freedom = expected.Count(p => p > 0) - 1;
        // Five standard deviations of the distribution of χ².
        Assert.InRange(chiSquare, 0, freedom + (5 * Math.Sqrt(2.0 * Math.Max(1, freedom))));
    }

    [Fact]
    public void TopK_TieAtTheBorder_KeepsTheLowerId()
    {
        var sampler = NewSampler(new SamplingOptions { Temperature = 1, TopK = 2 }, 4);
        var drawn = Enumerable.Range(0, 200).Select(_ => Sample(sampler, [1, 3, 1, 1])).Distinct().Order();

        Assert.Equal([0, 1], drawn);
    }

    [Fact]
    public void TopP_LessThanTheFirstTokensProbability_KeepsThatToken()
    {
        var sampler = NewSampler(new SamplingOptions { Temperature = 5, TopP = 0.01 }, 3);

        Assert.All(Enumerable.Range(0, 50), _ => Assert.Equal(1, Sample(sampler, [0, 1, 0.5f])));
    }

    [Fact]
    public void Sample_SameSeed_SameTokens()
    {
        var options = new SamplingOptions { Temperature = 1, TopP = 0.95, Seed = 42 };

        Assert.Equal(Run(options), Run(options));
        Assert.NotEqual(Run(options), Run(options with { Seed = 43 }));

        static int[] Run(SamplingOptions options)
        {
            var random = new Random(3);
            var sampler = NewSampler(options, 500);
            return [.. Enumerable.Range(0, 100).Select(_ => Sample(sampler, Logits(random, 500)))];
        }
    }

    [Fact]
    public void Sample_FixedSeedAndLogits_GivesTokensThatNeverChange()
    {
        var sampler = NewSampler(new SamplingOptions { Temperature = 1, TopK = 8, Seed = 1 }, 16);
        float[] logits = [.. Enumerable.Range(0, 16).Select(id => id * 5 % 16 / 4f)];

        Assert.Equal(Pinned, string.Join(' ', Enumerable.Range(0, 12).Select(_ => Sample(sampler, [.. logits]))));
    }

    [Fact]
    public void Sample_OfTokensSeenBefore_AllocatesNothing()
    {
        var sampler = NewSampler(new SamplingOptions { Temperature = 1, TopP = 0.9, MinP = 0.01, RepeatPenalty = 1.1 }, 1000);
        var logits = Logits(new Random(5), 1000);
        Sample(sampler, logits);
        // Counts of tokens grow with their number.
        for (int id = 0; id < logits.Length; id++)
        {
            sampler.Accept(id, isOutput: false);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();

        for (int i = 0; i < 100; i++)
        {
            sampler.Accept(Sample(sampler, logits), isOutput: true);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Sample_LogitThatIsNoNumber_NamesItsToken(float bad)
    {
        var sampler = NewSampler(new SamplingOptions { Temperature = 1 }, 3);

        var error = Assert.Throws<ArithmeticException>(() => Sample(sampler, [0, bad, 1]));

        Assert.Contains("token 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_TokensRuledOut_AreNeverDrawn()
    {
        var sampler = NewSampler(new SamplingOptions { Temperature = 3, TopP = 0.999 }, 3);

        Assert.All(
            Enumerable.Range(0, 100),
            _ => Assert.NotEqual(0, Sample(sampler, [float.NegativeInfinity, 0, 1])));
    }

    [Fact]
    public void SamplingOptions_ValuesOutOfRange_AreRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingOptions { Temperature = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingOptions { Temperature = double.NaN });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingOptions { TopK = -1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingOptions { TopP = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingOptions { MinP = 1.1 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingOptions { RepeatPenalty = 0 });
    }

    // Computed apart from this code, from SplitMix64 and the softmax alone.
    private const string Pinned = "6 9 15 6 6 9 12 6 3 12 6 8";

    private static float[] Logits(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 12) - 6))];

    /// <summary>The definition, by sorting everything: top-k, then top-p of the rest, then min-p, then temperature.</summary>
    private static double[] Reference(float[] logits, SamplingOptions options)
    {
        var kept = logits.Select((logit, id) => (Logit: (double)logit, Id: id)).OrderByDescending(c => c.Logit).ThenBy(c => c.Id).ToList();
        if (options.TopK > 0)
        {
            kept = [.. kept.Take(options.TopK)];
        }

        double total = kept.Sum(c => Math.Exp(c.Logit));
        int count = Enumerable.Range(1, kept.Count)
            .First(n => options.TopP == 1 ? n == kept.Count : kept.Take(n).Sum(c => Math.Exp(c.Logit)) / total >= options.TopP);
        kept = [.. kept.Take(count).Where(c => Math.Exp(c.Logit) >= options.MinP * Math.Exp(kept[0].Logit))];

        var probabilities = new double[logits.Length];
        double mass = kept.Sum(c => Math.Exp(c.Logit / options.Temperature));
        kept.ForEach(c => probabilities[c.Id] = Math.Exp(c.Logit / options.Temperature) / mass);
        return probabilities;
    }

    private static Sampler NewSampler(SamplingOptions options, int vocabularySize) =>
        new(options, options.Seed ?? 0, new HostChoice(vocabularySize));

    private static int Sample(Sampler sampler, Span<float> logits)
    {
        sampler.Change(logits);
        return sampler.Choose(logits);
    }
}

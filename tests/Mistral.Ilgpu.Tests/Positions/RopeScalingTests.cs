using Mistral.Ilgpu.Positions;
using Xunit;

namespace Mistral.Ilgpu.Tests.Positions;

/// <summary>Rope scalings by hand.</summary>
public sealed class RopeScalingTests
{
    // Of Ministral 3: 16384 tokens are 32 turns for pair 20.4 of 64, and one turn for pair 36.4.
    private static readonly YarnScaling Ministral3 = new(16, 16384, 32, 1, 1);

    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(20, 1.0)]
    [InlineData(21, 1 - (15.0 / 16 / 17))]
    [InlineData(36, 1 - (15.0 / 16 * 16 / 17))]
    [InlineData(37, 1.0 / 16)]
    [InlineData(63, 1.0 / 16)]
    public void Yarn_OfMinistral3_SlowsPairsBetweenItsBorders(int pair, double expected) =>
        Assert.Equal(expected, Ministral3.Multiplier(pair, 128, 1e6), 12);

    [Fact]
    public void Yarn_NotTruncated_HasBordersBetweenPairs()
    {
        var exact = Ministral3 with { IsTruncated = false };
        double first = 128 * Math.Log(16384 / (64 * Math.PI)) / (2 * Math.Log(1e6));
        double last = 128 * Math.Log(16384 / (2 * Math.PI)) / (2 * Math.Log(1e6));
        Assert.Equal(1 - (15.0 / 16 * (28 - first) / (last - first)), exact.Multiplier(28, 128, 1e6), 12);
    }

    [Fact]
    public void Yarn_BordersOfOnePair_SlowsThePairsBehindIt()
    {
        // 8 turns of pair 0 within 16 π tokens: both borders are pair 0.
        var scaling = new YarnScaling(4, 50, 8, 7.9f, 1);
        Assert.Equal([1, 0.25], [scaling.Multiplier(0, 16, 1e9), scaling.Multiplier(1, 16, 1e9)]);
    }

    [Theory]
    [InlineData(4, 1.0, null, 1.1386294f)]
    [InlineData(4, 0.5, null, 1.0693147f)]
    [InlineData(0.5, 1.0, null, 1f)]
    [InlineData(16, 1.0, 1.0, 1f)]
    [InlineData(40, 0.707, 1.0, 0.9210418f)]
    public void Yarn_Attention_GrowsWithTheLogarithmOfTheFactor(
        double factor, double weight, double? allDimensions, float expected) => Assert.Equal(
        expected,
        allDimensions is { } all ? YarnScaling.AttentionOf(factor, weight, all) : YarnScaling.AttentionOf(factor, weight),
        1e-6f);

    // Llama 3.1: 8192 tokens are more than 4 turns for pairs up to 28, and less than one turn from pair 36 on.
    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(28, 1.0)]
    [InlineData(36, 0.125)]
    [InlineData(63, 0.125)]
    public void Llama3_PairsOutsideItsBorders_AreKeptOrSlowed(int pair, double expected) =>
        Assert.Equal(expected, new Llama3Scaling(8, 1, 4, 8192).Multiplier(pair, 128, 5e5), 12);

    [Fact]
    public void Llama3_PairBetween_IsSlowedInPart()
    {
        double turns = 8192 / (2 * Math.PI * Math.Pow(5e5, 62.0 / 128));
        double kept = (turns - 1) / 3;
        Assert.InRange(kept, 0.1, 0.9);
        Assert.Equal(kept + ((1 - kept) / 8), new Llama3Scaling(8, 1, 4, 8192).Multiplier(31, 128, 5e5), 1e-7);
    }

    [Fact]
    public void Linear_EveryPair_IsDividedByTheFactor() => Assert.Equal(0.25, new LinearScaling(4).Multiplier(7, 128, 1e4));

    [Theory]
    [InlineData(0, 1f)]
    [InlineData(16383, 1f)]
    [InlineData(16384, 1.0693147f)]
    [InlineData(32767, 1.0693147f)]
    [InlineData(32768, 1.1098612f)]
    [InlineData(262143, 1.2772589f)]
    public void QueryScaling_OfMinistral3_GrowsByWholeOriginalLengths(int position, float expected) =>
        Assert.Equal(expected, new QueryScaling(0.1f, 16384).At(position), 1e-6f);
}

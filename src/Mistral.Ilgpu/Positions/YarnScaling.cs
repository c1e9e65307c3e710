namespace Mistral.Ilgpu.Positions;

/// <summary>
/// YaRN (Peng et al., arXiv 2309.00071, §3.2 and §3.4), by the number of turns of a pair within the original length.
/// With more turns than <paramref name="BetaFast"/> the frequency stays.
/// With fewer than <paramref name="BetaSlow"/> it is divided by <paramref name="Factor"/>.
/// In between it is interpolated linearly in the pair's index.
/// Queries and keys are multiplied by <paramref name="Attention"/>.
/// </summary>
/// <param name="IsTruncated">Whether the borders are rounded outwards to whole pairs, as in all but a few models.</param>
internal sealed record YarnScaling(
    float Factor, int OriginalLength, float BetaFast, float BetaSlow, float Attention, bool IsTruncated = true) : RopeScaling
{
    public const float DefaultBetaFast = 32;
    public const float DefaultBetaSlow = 1;

    // The width that transformers uses for a ramp of width zero.
    private const double LeastWidth = 0.001;

    public override string Kind => "yarn";

    public override float AttentionFactor => Attention;

    public override int? OriginalPositions => OriginalLength;

    public override IEnumerable<KeyValuePair<string, float>> Numbers =>
    [
        new("factor", Factor),
        new("beta_fast", BetaFast),
        new("beta_slow", BetaSlow),
        new("attention_factor", Attention),
    ];

    /// <summary>The paper's factor of queries and keys: 1 + 0.1 · weight · ln(factor).</summary>
    public static float AttentionOf(double factor, double weight = 1) => (float)Magnitude(factor, weight);

    /// <summary>A quotient of two such factors, for models that were trained without the keys' part of it.</summary>
    public static float AttentionOf(double factor, double weight, double allDimensions) =>
        (float)(Magnitude(factor, weight) / Magnitude(factor, allDimensions));

    internal override double Multiplier(int pair, int headDim, double theta)
    {
        var (first, last) = Borders(headDim, theta);
        double slowed = Math.Clamp((pair - first) / (last > first ? last - first : LeastWidth), 0, 1);
        return (1 - slowed) + (slowed / Factor);
    }

    internal override RopeFault? Fault(int headDim, double theta)
    {
        if (RopeFault.OfFactor(Factor) is { } fault)
        {
            return fault;
        }

        if (!(BetaSlow > 0 && float.IsFinite(BetaSlow)))
        {
            return new RopeFault("beta_slow", BetaSlow, "a positive number");
        }

        if (!(BetaFast >= BetaSlow && float.IsFinite(BetaFast)))
        {
            return new RopeFault("beta_fast", BetaFast, FormattableString.Invariant($"a number from the slow one, {BetaSlow}"));
        }

        if (!(Attention > 0 && float.IsFinite(Attention)))
        {
            return new RopeFault("attention_factor", Attention, "a positive number");
        }

        var (first, last) = theta > 1 ? Borders(headDim, theta) : (0, -1);
        return last >= first ? null : new RopeFault(
            "original_max_position_embeddings", OriginalLength, "a length in which a pair of the head turns beta_slow times");
    }

    private static double Magnitude(double factor, double weight) => factor <= 1 ? 1 : 1 + (0.1 * weight * Math.Log(factor));

    /// <summary>The last pair whose frequency stays, and the first whose frequency is divided by the whole factor.</summary>
    private (double First, double Last) Borders(int headDim, double theta)
    {
        double first = PairThatTurns(BetaFast);
        double last = PairThatTurns(BetaSlow);
        return IsTruncated
            ? (Math.Max(Math.Floor(first), 0), Math.Min(Math.Ceiling(last), headDim - 1))
            : (Math.Max(first, 0), Math.Min(last, headDim - 1));

        double PairThatTurns(double times) =>
            headDim * Math.Log(OriginalLength / (times * 2 * Math.PI)) / (2 * Math.Log(theta));
    }
}

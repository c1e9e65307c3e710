namespace Mistral.Ilgpu.Positions;

/// <summary>
/// Llama 3.1's scaling: pairs that turn more than <paramref name="HighFrequencyFactor"/> times within the original length keep
/// their frequency, those that turn less than <paramref name="LowFrequencyFactor"/> times are slowed by the factor, and between
/// the two the frequency goes from one to the other in proportion to the turns.
/// </summary>
internal sealed record Llama3Scaling(float Factor, float LowFrequencyFactor, float HighFrequencyFactor, int OriginalLength)
    : RopeScaling
{
    public override string Kind => "llama3";

    public override int? OriginalPositions => OriginalLength;

    public override IEnumerable<KeyValuePair<string, float>> Numbers =>
    [
        new("factor", Factor),
        new("low_freq_factor", LowFrequencyFactor),
        new("high_freq_factor", HighFrequencyFactor),
    ];

    /// <summary>What the frequency of a pair is divided by, in the 32 bits in which a GGUF file holds it: a converted model then
    /// has the same frequencies.</summary>
    public float Divisor(int pair, int headDim, double theta)
    {
        double turns = OriginalLength * Math.Pow(theta, -2.0 * pair / headDim) / (2 * Math.PI);
        double kept = Math.Clamp((turns - LowFrequencyFactor) / ((double)HighFrequencyFactor - LowFrequencyFactor), 0, 1);
        return (float)(1 / (kept + ((1 - kept) / Factor)));
    }

    internal override double Multiplier(int pair, int headDim, double theta) => 1 / (double)Divisor(pair, headDim, theta);

    internal override RopeFault? Fault(int headDim, double theta) =>
        RopeFault.OfFactor(Factor)
        ?? (LowFrequencyFactor > 0 ? null : new RopeFault("low_freq_factor", LowFrequencyFactor, "a positive number"))
        ?? (HighFrequencyFactor > LowFrequencyFactor && float.IsFinite(HighFrequencyFactor)
            ? null
            : new RopeFault("high_freq_factor", HighFrequencyFactor, "a number above low_freq_factor"));
}

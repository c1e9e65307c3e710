namespace Mistral.Ilgpu.Positions;

/// <summary>
/// Llama 3.1's scaling, by the number of turns of a pair within the original length.
/// With more turns than <paramref name="HighFrequencyFactor"/> the frequency stays.
/// With fewer than <paramref name="LowFrequencyFactor"/> it is divided by <paramref name="Factor"/>.
/// In between it is interpolated linearly in the turns.
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

    /// <summary>
    /// The divisor of a pair's frequency. It is a float32 as in GGUF files, so that a converted model has the same frequencies.
    /// </summary>
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

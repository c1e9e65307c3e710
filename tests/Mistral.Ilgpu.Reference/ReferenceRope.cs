using Mistral.Ilgpu.Positions;

namespace Mistral.Ilgpu.Reference;

/// <summary>Scaled rotary positions in float64, each kind as its source writes it down.</summary>
internal static class ReferenceRope
{
    /// <summary>A head's angles at a position, one for each of its pairs.</summary>
    public static double[] Angles(ModelConfig config, int position) =>
        [.. Frequencies(config).Select(frequency => position * frequency)];

    /// <summary>What queries are multiplied by at a position (transformers' Ministral3Attention), beside the magnitude.</summary>
    public static double QueryScale(ModelConfig config, int position) => config.QueryScaling is { } scaling
        ? 1 + (scaling.Beta * Math.Log(1 + Math.Floor(position / (double)scaling.OriginalLength)))
        : 1;

    /// <summary>What YaRN multiplies sines and cosines by.</summary>
    public static double Magnitude(ModelConfig config) => config.RopeScaling is YarnScaling yarn ? yarn.Attention : 1;

    private static IEnumerable<double> Frequencies(ModelConfig config)
    {
        for (int pair = 0; pair < config.HeadDim / 2; pair++)
        {
            double frequency = 1 / Math.Pow(config.RopeTheta, 2.0 * pair / config.HeadDim);
            yield return config.RopeScaling switch
            {
                null => frequency,
                LinearScaling linear => frequency / linear.Factor,
                Llama3Scaling llama3 => Llama3(llama3, frequency),
                YarnScaling yarn => Yarn(yarn, config, pair, frequency),
                PairScaling pairs => frequency / pairs.Divisors[pair],
                var other => throw new ArgumentException($"no reference of {other.Kind}", nameof(config)),
            };
        }
    }

    // By wavelengths, as transformers' _compute_llama3_parameters.
    private static double Llama3(Llama3Scaling scaling, double frequency)
    {
        double wavelength = 2 * Math.PI / frequency;
        double length = scaling.OriginalLength;
        if (wavelength < length / scaling.HighFrequencyFactor)
        {
            return frequency;
        }

        if (wavelength > length / scaling.LowFrequencyFactor)
        {
            return frequency / scaling.Factor;
        }

        double smooth = ((length / wavelength) - scaling.LowFrequencyFactor)
            / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return ((1 - smooth) * frequency / scaling.Factor) + (smooth * frequency);
    }

    // By the dimensions between which interpolation becomes extrapolation, as transformers' _compute_yarn_parameters.
    private static double Yarn(YarnScaling scaling, ModelConfig config, int pair, double frequency)
    {
        double low = Dimension(scaling.BetaFast);
        double high = Dimension(scaling.BetaSlow);
        if (scaling.IsTruncated)
        {
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        }

        (low, high) = (Math.Max(low, 0), Math.Min(high, config.HeadDim - 1));
        high += low == high ? 0.001 : 0;
        double extrapolation = 1 - Math.Min(1, Math.Max(0, (pair - low) / (high - low)));
        return (frequency / scaling.Factor * (1 - extrapolation)) + (frequency * extrapolation);

        double Dimension(double rotations) => config.HeadDim
            * Math.Log(scaling.OriginalLength / (rotations * 2 * Math.PI)) / (2 * Math.Log(config.RopeTheta));
    }
}

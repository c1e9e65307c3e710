using System.Text.Json.Serialization;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>The speed of a few repetitions, in tokens per second.</summary>
/// <param name="Sd">Standard deviation of a sample.</param>
internal sealed record BenchSpeed(double Mean, double Sd, double Best)
{
    public static BenchSpeed Of(IReadOnlyList<double> samples)
    {
        double mean = samples.Average();
        double deviation = samples.Count < 2
            ? 0
            : Math.Sqrt(samples.Sum(sample => (sample - mean) * (sample - mean)) / (samples.Count - 1));
        return new BenchSpeed(Math.Round(mean, 3), Math.Round(deviation, 3), Math.Round(samples.Max(), 3));
    }
}

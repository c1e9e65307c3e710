using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>One line of <c>mistral bench</c>; its JSON is part of the command's contract.</summary>
/// <param name="Threads">Of devices that are the CPU.</param>
/// <param name="Batch">Texts that went on together; speeds are of all of them.</param>
/// <param name="LimitFraction">Of a copy's bandwidth, for what bandwidth limits: generation. Prompts are limited by
/// operations.</param>
internal sealed record BenchResult(
    string Model, long Params, string Type, string Device, int? Threads, string Test, int Depth, int Batch,
    BenchSpeed TokensPerSecond, double GbPerSecond, double? LimitFraction)
{
    /// <summary>What another program reached on the same file, in turns with us.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BenchPeer? Peer { get; init; }

    public static JsonSerializerOptions JsonOptions { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}

/// <summary>Of a few repetitions, in tokens per second.</summary>
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

/// <param name="TokensPerSecond">The mean of the repetitions.</param>
/// <param name="Ratio">Ours over theirs.</param>
internal sealed record BenchPeer(string Name, double TokensPerSecond, double Ratio);

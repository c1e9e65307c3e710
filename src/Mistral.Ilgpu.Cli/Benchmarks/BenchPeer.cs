using System.Text.Json.Serialization;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <param name="TokensPerSecond">The mean of the repetitions.</param>
/// <param name="Ratio">Ours over theirs.</param>
internal sealed record BenchPeer(string Name, double TokensPerSecond, double Ratio);

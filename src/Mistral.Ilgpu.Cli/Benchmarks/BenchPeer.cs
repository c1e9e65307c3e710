using System.Text.Json.Serialization;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>The result of another program in the same test.</summary>
/// <param name="TokensPerSecond">The mean of the repetitions.</param>
/// <param name="Ratio">Our speed divided by the other program's.</param>
internal sealed record BenchPeer(string Name, double TokensPerSecond, double Ratio);

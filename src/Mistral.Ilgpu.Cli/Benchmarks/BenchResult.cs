using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>One line of <c>mistral bench</c>. Its JSON is part of the command's contract.</summary>
/// <param name="Threads">Threads of a CPU device.</param>
/// <param name="Batch">Texts that are generated together. The speed is the sum of all.</param>
/// <param name="LimitFraction">The fraction of a copy's bandwidth, for generation, which is limited by bandwidth; null for
/// prompts, which are limited by operations.</param>
internal sealed record BenchResult(
    string Model, long Params, string Type, string Device, int? Threads, string Test, int Depth, int Batch,
    BenchSpeed TokensPerSecond, double GbPerSecond, double? LimitFraction)
{
    /// <summary>The result of another program with the same file; both run in turns.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BenchPeer? Peer { get; init; }

    /// <summary>How fast layers were streamed; null if all stay on the device.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BenchStreaming? Streaming { get; init; }

    public static JsonSerializerOptions JsonOptions { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}

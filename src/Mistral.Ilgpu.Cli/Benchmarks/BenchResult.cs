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

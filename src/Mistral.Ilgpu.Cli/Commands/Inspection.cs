using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>The properties of a model that are known before it is loaded.</summary>
/// <param name="Config">The configuration after the options are applied.</param>
/// <param name="Tensors">The tensors in order of use.</param>
/// <param name="Memory">Device memory that may be used; null for all of it.</param>
internal sealed record Inspection(
    Checkpoint Checkpoint,
    ModelConfig Config,
    IReadOnlyList<CheckpointTensor> Tensors,
    TokenizerSummary Tokenizer,
    ModelOptions Options,
    long? Memory,
    DeviceInfo Device,
    IReadOnlyList<DeviceInfo> Devices)
{
    /// <summary>Tensors, weights and bytes of each format, most bytes first.</summary>
    public IReadOnlyList<(TensorFormat Format, int Tensors, long Weights, long Bytes)> Formats { get; } =
    [
        .. Tensors.GroupBy(tensor => tensor.Format)
            .Select(group => (
                group.Key,
                group.Count(),
                group.Sum(tensor => (long)tensor.Rows * tensor.Columns),
                group.Sum(tensor => tensor.Bytes)))
            .OrderByDescending(format => format.Item4),
    ];

    /// <summary>Memory of a device that may be used.</summary>
    public long AvailableBytes(DeviceInfo device) =>
        Memory is { } limit ? Math.Min(limit, device.MemoryBytes) : device.UsableBytes;

    /// <summary>The memory that loading would use.</summary>
    public MemoryPlan PlanOn(DeviceInfo device) =>
        MemoryPlan.Of(Config, Checkpoint.Tensors, Options, device, AvailableBytes(device));

    public bool Fits(DeviceInfo device) => PlanOn(device).TotalBytes <= AvailableBytes(device);

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("model", Checkpoint.Name);
        json.WriteString("layout", Checkpoint.Layout);
        json.WriteNumber("parameters", MistralGraph.ParameterCountOf(Config));
        json.WriteStartObject("config");
        json.WriteNumber("vocabulary_size", Config.VocabularySize);
        json.WriteNumber("dim", Config.Dim);
        json.WriteNumber("layers", Config.LayerCount);
        json.WriteNumber("heads", Config.HeadCount);
        json.WriteNumber("kv_heads", Config.KvHeadCount);
        json.WriteNumber("head_dim", Config.HeadDim);
        json.WriteNumber("feed_forward_dim", Config.FeedForwardDim);
        json.WriteNumber("norm_epsilon", Config.NormEpsilon);
        json.WriteNumber("rope_theta", Config.RopeTheta);
        WritePositions(json);
        json.WriteNumber("max_positions", Config.MaxPositions);
        json.WriteOptional("sliding_window", Config.SlidingWindow);
        if (!Config.LayerWindows.IsEmpty)
        {
            json.WriteStartArray("layer_windows");
            foreach (int? window in Config.LayerWindows)
            {
                if (window is int tokens)
                {
                    json.WriteNumberValue(tokens);
                }
                else
                {
                    json.WriteNullValue();
                }
            }

            json.WriteEndArray();
        }

        json.WriteBoolean("tied_embeddings", Config.TiedEmbeddings);
        json.WriteIds("eos_ids", Config.EosIds);
        json.WriteEndObject();
        Tokenizer.Write(json);
        json.WriteStartArray("tensors");
        foreach (var tensor in Tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteString("source_name", tensor.SourceName);
            json.WriteIds("shape", InspectCommand.Shape(tensor));
            json.WriteString("format", tensor.Format.ShortName());
            json.WriteNumber("bytes", tensor.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("formats");
        foreach (var format in Formats)
        {
            json.WriteStartObject();
            json.WriteString("format", format.Format.ShortName());
            json.WriteNumber("tensors", format.Tensors);
            json.WriteNumber("weights", format.Weights);
            json.WriteNumber("bytes", format.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("memory");
        json.WriteOptional("context", Options.ContextOf(Config));
        var plan = PlanOn(Device);
        json.WriteNumber("chunk", plan.Chunk);
        json.WriteString("type", Options.WeightType?.ShortName() ?? "stored");
        json.WriteString("kv_type", Options.CacheType.ShortName());
        json.WriteNumber("weight_bytes", plan.WeightBytes);
        json.WriteNumber("streamed_layers", plan.Residency.Streamed.Count);
        json.WriteNumber("streamed_bytes", plan.Residency.StreamedBytes);
        json.WriteNumber("cache_bytes", plan.CacheBytes);
        json.WriteNumber("activation_bytes", plan.ActivationBytes);
        json.WriteNumber("total_bytes", plan.TotalBytes);
        json.WriteNumber("available_bytes", AvailableBytes(Device));
        json.WriteBoolean("fits", Fits(Device));
        json.WriteEndObject();
        json.WriteStartArray("devices");
        foreach (var device in Devices)
        {
            json.WriteStartObject();
            json.WriteString("id", device.Id);
            json.WriteNumber("memory_bytes", device.MemoryBytes);
            json.WriteBoolean("fits", Fits(device));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WritePositions(Utf8JsonWriter json)
    {
        if (Config.RopeScaling is { } scaling)
        {
            json.WriteStartObject("rope_scaling");
            json.WriteString("rope_type", scaling.Kind);
            if (scaling.OriginalPositions is int original)
            {
                json.WriteNumber("original_max_position_embeddings", original);
            }

            foreach (var (name, value) in scaling.Numbers)
            {
                json.WriteNumber(name, value);
            }

            json.WriteEndObject();
        }

        if (Config.QueryScaling is { } queries)
        {
            json.WriteStartObject("query_scaling");
            json.WriteNumber("beta", queries.Beta);
            json.WriteNumber("original_max_position_embeddings", queries.OriginalLength);
            json.WriteEndObject();
        }
    }
}

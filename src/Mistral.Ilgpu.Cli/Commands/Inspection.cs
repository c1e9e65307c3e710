using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>The properties of a model that are known before it is loaded.</summary>
/// <param name="Config">The configuration after the options are applied.</param>
/// <param name="Tensors">The tensors in order of use.</param>
/// <param name="Memory">The memory of each device that may be used, or of all; null for all there is.</param>
/// <param name="Rooms">The devices that the model would be loaded to.</param>
/// <param name="Devices">The devices of this machine.</param>
internal sealed record Inspection(
    Checkpoint Checkpoint,
    ModelConfig Config,
    IReadOnlyList<CheckpointTensor> Tensors,
    TokenizerSummary Tokenizer,
    ModelOptions Options,
    IReadOnlyList<long>? Memory,
    IReadOnlyList<DeviceRoom> Rooms,
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

    /// <summary>The memory that loading would use.</summary>
    public MemoryPlan Plan { get; } = MemoryPlan.Of(Config, Checkpoint.Tensors, Options, Rooms);

    /// <summary>Memory of a device of this machine that may be used.</summary>
    public long AvailableBytes(DeviceInfo device)
    {
        int listed = Rooms.Select(room => room.Info.Id).ToList().IndexOf(device.Id);
        return DeviceList.ShareOf(device, [device], DeviceList.LimitOf(Memory, Math.Max(0, listed)));
    }

    /// <summary>Whether the model would fit a device alone.</summary>
    public bool Fits(DeviceInfo device) => MemoryPlan.Of(
        Config, Checkpoint.Tensors, Options with { Split = null }, device, AvailableBytes(device)).Fits;

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
        json.WriteNumber("chunk", Plan.Chunk);
        json.WriteString("type", Options.WeightType?.ShortName() ?? "stored");
        json.WriteString("kv_type", Options.CacheType.ShortName());
        json.WriteNumber("weight_bytes", Plan.WeightBytes);
        json.WriteNumber("streamed_layers", Plan.Parts.Sum(part => part.Residency.Streamed.Count));
        json.WriteNumber("streamed_bytes", Plan.Parts.Sum(part => part.Residency.StreamedBytes));
        json.WriteNumber("cache_bytes", Plan.CacheBytes);
        json.WriteNumber("activation_bytes", Plan.ActivationBytes);
        json.WriteNumber("adapter_bytes", Plan.AdapterBytes);
        json.WriteNumber("total_bytes", Plan.TotalBytes);
        json.WriteNumber("available_bytes", Rooms.Sum(room => room.AvailableBytes));
        json.WriteBoolean("fits", Plan.Fits);
        WriteParts(json);
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

    private void WriteParts(Utf8JsonWriter json)
    {
        json.WriteStartArray("parts");
        foreach (var part in Plan.Parts)
        {
            json.WriteStartObject();
            json.WriteString("device", part.Room.Info.Id);
            json.WriteNumber("layers", part.Plan.Layers.Count);
            json.WriteNumber("weight_bytes", part.WeightBytes);
            json.WriteNumber("streamed_layers", part.Residency.Streamed.Count);
            json.WriteNumber("streamed_bytes", part.Residency.StreamedBytes);
            json.WriteBoolean("in_place", part.Residency.IsInPlace);
            json.WriteNumber("cache_bytes", part.CacheBytes);
            json.WriteNumber("activation_bytes", part.ActivationBytes);
            json.WriteNumber("total_bytes", part.TotalBytes);
            json.WriteNumber("available_bytes", part.Room.AvailableBytes);
            json.WriteBoolean("fits", part.Fits);
            json.WriteEndObject();
        }

        json.WriteEndArray();
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

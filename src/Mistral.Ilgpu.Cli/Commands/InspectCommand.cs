using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary><c>mistral inspect</c>: configuration, tensors and memory plan of a model; loads nothing on a device.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new ModelSettingsOptions();
        var output = new OutputOptions();
        var command = new Command("inspect", "Shows a model's configuration, its tensors and the memory it would take; loads nothing.");
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var settings = model.Read(parse);
            using var checkpoint = Checkpoint.Open(settings.Model);
            var config = settings.Options.Adapt(checkpoint.Config);
            var plan = MemoryPlan.Of(config, checkpoint.Tensors, settings.Options);
            var tensors = InOrder(config).Select(name => checkpoint.Tensors[name]).ToList();
            if (output.IsJson(parse))
            {
                Json.WriteLine(terminal.Out, json => Write(json, checkpoint, config, tensors, settings.Options, plan));
            }
            else
            {
                WriteConfig(terminal, checkpoint, config);
                WriteTensors(terminal, output.IsVerbose(parse) ? tensors.Select(tensor => Row(tensor.Name, 1, [tensor])) : Kinds(tensors));
                WritePlan(terminal, config, settings.Options, plan);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(
        Utf8JsonWriter json,
        Checkpoint checkpoint,
        ModelConfig config,
        IEnumerable<CheckpointTensor> tensors,
        ModelOptions options,
        MemoryPlan plan)
    {
        json.WriteStartObject();
        json.WriteString("model", checkpoint.Name);
        json.WriteNumber("parameters", config.ParameterCount);
        json.WriteStartObject("config");
        json.WriteNumber("vocabulary_size", config.VocabularySize);
        json.WriteNumber("dim", config.Dim);
        json.WriteNumber("layers", config.LayerCount);
        json.WriteNumber("heads", config.HeadCount);
        json.WriteNumber("kv_heads", config.KvHeadCount);
        json.WriteNumber("head_dim", config.HeadDim);
        json.WriteNumber("feed_forward_dim", config.FeedForwardDim);
        json.WriteNumber("norm_epsilon", config.NormEpsilon);
        json.WriteNumber("rope_theta", config.RopeTheta);
        json.WriteNumber("max_positions", config.MaxPositions);
        json.WriteOptional("sliding_window", config.SlidingWindow);
        json.WriteBoolean("tied_embeddings", config.TiedEmbeddings);
        json.WriteIds("eos_ids", config.EosIds);
        json.WriteEndObject();
        json.WriteStartArray("tensors");
        foreach (var tensor in tensors)
        {
            json.WriteStartObject();
            json.WriteString("name", tensor.Name);
            json.WriteString("source_name", tensor.SourceName);
            json.WriteIds("shape", Shape(tensor));
            json.WriteString("format", tensor.Format.ShortName());
            json.WriteNumber("bytes", tensor.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("memory");
        json.WriteOptional("context", MistralModel.ContextOf(config, options));
        json.WriteNumber("chunk", options.Chunk);
        json.WriteString("type", options.WeightType?.ShortName() ?? "stored");
        json.WriteString("kv_type", options.CacheType.ShortName());
        json.WriteNumber("weight_bytes", plan.WeightBytes);
        json.WriteNumber("cache_bytes", plan.CacheBytes);
        json.WriteNumber("activation_bytes", plan.ActivationBytes);
        json.WriteNumber("total_bytes", plan.TotalBytes);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The names of a model's tensors in the order in which a text passes through them.</summary>
    private static IEnumerable<string> InOrder(ModelConfig config) =>
    [
        TensorNames.Embedding,
        .. Enumerable.Range(0, config.LayerCount).SelectMany(layer => new[]
        {
            TensorNames.AttentionNorm(layer), TensorNames.Query(layer), TensorNames.Key(layer), TensorNames.Value(layer),
            TensorNames.AttentionOutput(layer), TensorNames.FeedForwardNorm(layer), TensorNames.Gate(layer),
            TensorNames.Up(layer), TensorNames.Down(layer),
        }),
        TensorNames.Norm,
        .. config.TiedEmbeddings ? Array.Empty<string>() : [TensorNames.Output],
    ];

    private static void WriteConfig(Terminal terminal, Checkpoint checkpoint, ModelConfig config) => TextTable.Write(
        terminal,
        ["", ""],
        [
            ["model", checkpoint.Name],
            ["parameters", Text($"{config.ParameterCount:N0}")],
            ["layers", Text($"{config.LayerCount} of width {config.Dim}, feed-forward {config.FeedForwardDim}")],
            ["heads", Text($"{config.HeadCount} for queries, {config.KvHeadCount} for keys and values, of width {config.HeadDim}")],
            ["vocabulary", Text($"{config.VocabularySize}{(config.TiedEmbeddings ? ", one matrix in and out" : "")}")],
            ["window", config.SlidingWindow is int window ? Text($"{window} tokens") : "none"],
            ["made for", Text($"{config.MaxPositions} tokens, rotary base {config.RopeTheta}")],
            ["ends with", string.Join(", ", config.EosIds.Select(id => Text($"{id}")))],
        ]);

    private static void WriteTensors(Terminal terminal, IEnumerable<string[]> rows)
    {
        terminal.Out.Write('\n');
        TextTable.Write(terminal, ["tensor", "count", "shape", "format", "bytes"], rows);
    }

    /// <summary>One row for what is the same in every layer.</summary>
    private static IEnumerable<string[]> Kinds(IEnumerable<CheckpointTensor> tensors) => tensors
        .GroupBy(tensor => (Name: KindOf(tensor.Name), tensor.Format))
        .Select(kind => Row(kind.Key.Name, kind.Count(), [.. kind]));

    private static string[] Row(string name, int count, IReadOnlyList<CheckpointTensor> tensors) =>
    [
        name,
        Text($"{count}"),
        string.Join(" × ", Shape(tensors[0]).Select(size => Text($"{size}"))),
        tensors[0].Format.ShortName(),
        ByteSize.Text(tensors.Sum(tensor => tensor.Bytes)),
    ];

    private static string KindOf(string name) =>
        name.StartsWith("layers.", StringComparison.Ordinal) ? "layers.*" + name[name.IndexOf('.', "layers.".Length)..] : name;

    private static int[] Shape(CheckpointTensor tensor) =>
        tensor.Rows == 1 ? [tensor.Columns] : [tensor.Rows, tensor.Columns];

    private static void WritePlan(Terminal terminal, ModelConfig config, ModelOptions options, MemoryPlan plan)
    {
        string context = MistralModel.ContextOf(config, options) is int tokens ? Text($"a context of {tokens}") : "any context";
        terminal.Out.Write('\n');
        TextTable.Write(
            terminal,
            ["on a device", "bytes", ""],
            [
                ["weights", ByteSize.Text(plan.WeightBytes), options.WeightType?.ShortName() ?? "as stored"],
                ["cache", ByteSize.Text(plan.CacheBytes), $"{options.CacheType.ShortName()}, {context}"],
                ["activations", ByteSize.Text(plan.ActivationBytes), Text($"{options.Chunk} tokens a pass")],
                ["total", ByteSize.Text(plan.TotalBytes), ""],
            ]);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

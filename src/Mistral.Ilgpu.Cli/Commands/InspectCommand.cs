using System.CommandLine;
using System.Globalization;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>
/// <c>mistral inspect</c>: shows configuration, tensors and memory plan of a model. Loads nothing to a device.
/// </summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal)
    {
        var model = new ModelSettingsOptions();
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "inspect", "Shows a model's configuration, its tensors and the memory it would take; loads nothing.",
            "mistral inspect -m model.gguf",
            "mistral inspect -m random:mistral-7b --type q4_k -c 32768 --memory 8G");
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(parse =>
        {
            var settings = model.Read(parse);
            using var checkpoint = Checkpoint.Open(settings.Model);
            var config = settings.Options.Adapt(checkpoint.Config);
            var devices = settings.ListDevices();
            var inspection = new Inspection(
                checkpoint,
                config,
                [.. InOrder(config).Select(name => checkpoint.Tensors[name])],
                TokenizerSummary.Of(checkpoint),
                settings.Options,
                settings.Memory,
                settings.RoomsOn(devices),
                devices);
            if (output.IsJson(parse))
            {
                Json.WriteLine(terminal.Out, inspection.Write);
            }
            else
            {
                WriteConfig(terminal, inspection);
                WriteTensors(
                    terminal,
                    output.IsVerbose(parse)
                        ? inspection.Tensors.Select(tensor => Row(tensor.Name, 1, [tensor]))
                        : Kinds(inspection.Tensors));
                WriteFormats(terminal, inspection);
                WritePlan(terminal, inspection);
                WriteDevices(terminal, inspection);
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The names of a model's tensors in order of use.</summary>
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

    private static void WriteConfig(Terminal terminal, Inspection inspection)
    {
        var config = inspection.Config;
        TextTable.Write(
            terminal,
            ["", ""],
            [
                ["model", inspection.Checkpoint.Name],
                ["layout", inspection.Checkpoint.Layout],
                ["parameters", Text($"{MistralGraph.ParameterCountOf(config):N0}")],
                ["layers", Text($"{config.LayerCount} of width {config.Dim}, feed-forward {config.FeedForwardDim}")],
                [
                    "heads",
                    Text($"{config.HeadCount} for queries, {config.KvHeadCount} for keys and values, of width {config.HeadDim}")
                ],
                ["vocabulary", Text($"{config.VocabularySize}{(config.TiedEmbeddings ? ", one matrix in and out" : "")}")],
                ["window", Window(config)],
                ["made for", Text($"{config.MaxPositions} tokens, rotary base {config.RopeTheta}")],
                .. Positions(config),
                ["ends with", string.Join(", ", config.EosIds.Select(id => Text($"{id}")))],
                ["tokenizer", inspection.Tokenizer.Text],
            ]);
    }

    private static IEnumerable<string[]> Positions(ModelConfig config)
    {
        if (config.RopeScaling is { } scaling)
        {
            var numbers = scaling.Numbers.Select(number => Text($"{number.Key} {number.Value:R}"));
            if (scaling.OriginalPositions is int original)
            {
                numbers = numbers.Prepend(Text($"from {original} tokens"));
            }

            yield return ["positions", $"{scaling.Kind}: {string.Join(", ", numbers)}"];
        }

        if (config.QueryScaling is { } queries)
        {
            yield return
            [
                "queries",
                Text($"times 1 + {queries.Beta:R} ln(1 + position / {queries.OriginalLength}), the quotient whole"),
            ];
        }
    }

    private static string Window(ModelConfig config) => config.LayerWindows.IsEmpty
        ? config.SlidingWindow is int window ? Text($"{window} tokens") : "none"
        : $"by layer: {string.Join(
            ", ", config.LayerWindows.Select(one => one is int tokens ? Text($"{tokens}") : "none"))}, repeated";

    private static void WriteTensors(Terminal terminal, IEnumerable<string[]> rows)
    {
        terminal.Out.Write('\n');
        TextTable.Write(terminal, ["tensor", "count", "shape", "format", "bytes"], rows);
    }

    /// <summary>One row for each kind of tensor that all layers have.</summary>
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

    internal static int[] Shape(CheckpointTensor tensor) =>
        tensor.Rows == 1 ? [tensor.Columns] : [tensor.Rows, tensor.Columns];

    private static void WriteFormats(Terminal terminal, Inspection inspection)
    {
        terminal.Out.Write('\n');
        TextTable.Write(
            terminal,
            ["format", "tensors", "weights", "bytes", "bits a weight"],
            inspection.Formats.Select(format => new[]
            {
                format.Format.ShortName(), Text($"{format.Tensors}"), Text($"{format.Weights:N0}"),
                ByteSize.Text(format.Bytes), Text($"{8.0 * format.Bytes / format.Weights:0.##}"),
            }));
    }

    private static void WritePlan(Terminal terminal, Inspection inspection)
    {
        var (options, plan) = (inspection.Options, inspection.Plan);
        string context = options.ContextOf(inspection.Config) is int tokens ? Text($"a context of {tokens}") : "any context";
        int first = 0;
        foreach (var part in plan.Parts)
        {
            int layers = part.Plan.Layers.Count;
            terminal.Out.Write('\n');
            TextTable.Write(
                terminal,
                [$"on {part.Room.Info.Id}", "bytes", ""],
                [
                    .. plan.Parts.Count == 1 ? Array.Empty<string[]>() :
                    [
                        ["layers", "", Text($"{first} to {first + layers - 1}")],
                    ],
                    ["weights", ByteSize.Text(part.WeightBytes), options.WeightType?.ShortName() ?? "as stored"],
                    .. Streamed(part.Residency),
                    ["cache", ByteSize.Text(part.CacheBytes), $"{options.CacheType.ShortName()}, {context}"],
                    ["activations", ByteSize.Text(part.ActivationBytes), Text($"{plan.Chunk} tokens a pass")],
                    .. part.AdapterBytes == 0 ? Array.Empty<string[]>() :
                    [
                        ["adapters", ByteSize.Text(part.AdapterBytes), "f32"],
                    ],
                    ["total", ByteSize.Text(part.TotalBytes), part.Fits ? "fits" : "does not fit"],
                    [
                        "available", ByteSize.Text(part.Room.AvailableBytes),
                        inspection.Memory is null ? "what is free, less a reserve" : "as --memory says"
                    ],
                ]);
            first += layers;
        }
    }

    private static IEnumerable<string[]> Streamed(Residency residency)
    {
        if (residency.Streamed.Count > 0)
        {
            yield return
            [
                residency.IsInPlace ? "in place" : "streamed", ByteSize.Text(residency.StreamedBytes),
                Text($"{residency.Streamed.Count} of {residency.LayerCount} layers, {
                    (residency.IsInPlace ? "in mapped files" : "in every pass")}"),
            ];
        }
    }

    private static void WriteDevices(Terminal terminal, Inspection inspection)
    {
        terminal.Out.Write('\n');
        TextTable.Write(
            terminal,
            ["device", "name", "memory", "fits"],
            inspection.Devices.Select(device => new[]
            {
                device.Id, device.Name, ByteSize.Text(inspection.AvailableBytes(device)), inspection.Fits(device) ? "yes" : "no",
            }));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>The options of all commands that run a model.</summary>
internal sealed partial class ModelSettingsOptions
{
    // Longer passes are not faster, and their activations would take all memory.
    private const int MostChunk = 65536;

    private const int MostThreads = 1024;

    private const string ModelName = "--model";
    private const string ModelDescription =
        "A file, a folder, OWNER/NAME[:REVISION or FILE] that was pulled, random:NAME[:TYPE], or tiny, the built-in model, "
        + "if not given.";
    private const string ThreadsName = "--threads";
    private const string ThreadsDescription = "Threads of a CPU device; if not given one per core.";

    private const string LoraName = "--lora";

    private readonly Option<IReadOnlyList<string>?> _models;
    private readonly Option<IReadOnlyList<string>?> _devices;
    private readonly Option<IReadOnlyList<TensorFormat?>?> _types;
    private readonly Option<IReadOnlyList<int?>?> _threads;

    private readonly Option<TensorFormat?> _cacheType = ValueOptions.Format(
        "--kv-type", "Type of cached keys and values; f16 if not given.",
        TensorFormat.Float32, TensorFormat.BFloat16, TensorFormat.Float16, TensorFormat.Q8_0);

    private readonly Option<string?> _activations = ValueOptions.Choice(
        "--activations", "Form of activations that quantized weights multiply; int8 if not given, f32 is slower and exact.",
        ["int8", "f32"]);

    private readonly Option<LoraOptions[]> _adapters = new(LoraName)
    {
        Description = "An adapter of Hugging Face PEFT or Mistral's own, with a scale if not 1; repeat it for several.",
        HelpName = "PATH[:scale]",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result => [.. result.Tokens.Select(token => ParseAdapter(token.Value, result))],
    };

    private readonly Option<int?> _context = ValueOptions.Count(
        "--context",
        "Longest text in tokens; if not given none with a sliding window, else the model's, at most 8192.", 1).Short("-c");

    private readonly Option<int?> _window = ValueOptions.Count(
        "--sliding-window", "Tokens that a token attends to, including itself; if not given the model's.", 1);

    private readonly Option<int?> _chunk = ValueOptions.Count(
        "--chunk",
        "Most tokens of a prompt in one pass; if not given 1024 on NVIDIA's GPUs and 256 elsewhere, "
        + "or less if memory is short.",
        1,
        MostChunk);

    private readonly Option<IReadOnlyList<long>?> _memory = ValueOptions.Parsed<IReadOnlyList<long>>(
        "--memory",
        "Device memory that may be used; if not given what is free, less a reserve. 8G and 8GiB are 8·2^30 bytes, 8GB are 8·10^9. "
        + "Layers that do not fit are streamed. A list has a size for each of several devices.",
        "SIZE[,SIZE]", "a size such as 8GiB, 8G or 500MB", ParseSizes);

    private readonly Option<IReadOnlyList<double>?> _split = ValueOptions.Parsed<IReadOnlyList<double>>(
        "--split", "Shares of the layers for several devices; if not given their memory is filled equally.", "N,N",
        "a positive number for each device, such as 3,1", ParseShares);

    private readonly Option<long?> _layerCache = ValueOptions.Parsed(
        "--layer-cache",
        "Disk space that streamed layers may take in the user's cache; 64GiB if not given. off keeps them in host memory.",
        "SIZE|off", "a size such as 64GiB, or off", text => text == "off" ? 0 : ValueOptions.ParseSize(text), ["off"]);

    private readonly Option<long?> _hostCache = ValueOptions.Size(
        "--cache-host",
        "Host memory for keys and values that leave the device's cache: shared beginnings, and conversations that wait. "
        + "None if not given.");

    private readonly Option<IReadOnlyList<DeviceFeatures?>?> _without = ValueOptions.OneOrMany(
        "--without", "Switches off a feature of a device, to measure its effect or to avoid a driver's fault.",
        "early-kernels|warpgroups|warpgroup-attention|int8-attention|bulk-copies|layers-in-place",
        "early-kernels, warpgroups, warpgroup-attention, int8-attention, bulk-copies or layers-in-place", ParseFeature, many: true,
        choices: ["early-kernels", "warpgroups", "warpgroup-attention", "int8-attention", "bulk-copies", "layers-in-place"]);

    /// <param name="many">Whether several models, devices, types and numbers of threads may be given.</param>
    /// <param name="manyModels">Whether several models may be given; null for as much as the rest.</param>
    public ModelSettingsOptions(bool many = false, bool? manyModels = null)
    {
        _models = ValueOptions.OneOrMany(
            ModelName, ModelDescription, "M", "a model", ParseModel, manyModels ?? many, isList: false,
            choices: [Checkpoint.Tiny]).Short("-m");
        _devices = ValueOptions.OneOrMany(
            "--device",
            "The device; if not given auto: CUDA, then an OpenCL GPU, then OpenCL on the CPU, then the CPU. "
            + $"Several share the layers: {(many ? "cuda:0+cuda:1" : "cuda:0,cuda:1")}.",
            "auto|cpu|opencl[:N]|cuda[:N]", "auto, cpu, opencl[:N] or cuda[:N]",
            text => DeviceName().IsMatch(text) ? text : null, many, choices: ["auto", "cpu", "opencl", "cuda"]);
        if (!many)
        {
            // In commands that accept several, -d is the depth.
            _devices.Short("-d");
        }

        _types = ValueOptions.Formats(
            "--type",
            "Type of the weights on the device; if not given as stored. q4_0 and q4_k keep the output matrix in q6_k.",
            many,
            TensorFormatExtensions.Encodable);
        _threads = ValueOptions.OneOrManyCounts(ThreadsName, ThreadsDescription, many, 1, MostThreads);
    }

    public static Option<string?> ModelOption() =>
        ValueOptions.Parsed(ModelName, ModelDescription, "M", "a model", ParseModel, [Checkpoint.Tiny]).Short("-m");

    public static Option<int?> ThreadsOption() => ValueOptions.Count(ThreadsName, ThreadsDescription, 1, MostThreads);

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[]
        {
            _models, _devices, _types, _cacheType, _activations, _adapters, _context, _window, _chunk, _threads, _memory,
            _split, _layerCache, _hostCache, _without,
        })
        {
            command.Options.Add(option);
        }
    }

    public ModelSettings Read(ParseResult parse) => ReadAll(parse).Single();

    /// <summary>Every combination of the given values.</summary>
    public IReadOnlyList<ModelSettings> ReadAll(ParseResult parse)
    {
        var defaults = new ModelOptions();
        var options = defaults with
        {
            CacheType = parse.GetValue(_cacheType) ?? defaults.CacheType,
            Context = parse.GetValue(_context),
            Chunk = parse.GetValue(_chunk) ?? defaults.Chunk,
            SlidingWindow = parse.GetValue(_window),
            Adapters = parse.GetValue(_adapters) ?? [],
            HostCacheBytes = parse.GetValue(_hostCache) ?? defaults.HostCacheBytes,
            LayerCacheBytes = parse.GetValue(_layerCache) ?? defaults.LayerCacheBytes,
            Split = parse.GetValue(_split),
            Activations = parse.GetValue(_activations) == "f32" ? ActivationType.Float32 : ActivationType.Int8,
        };
        var without = (parse.GetValue(_without) ?? []).Aggregate(DeviceFeatures.None, (all, feature) => all | feature!.Value);
        return
        [
            .. from model in parse.GetValue(_models) ?? ["tiny"]
               from type in parse.GetValue(_types) ?? [null]
               from device in parse.GetValue(_devices) ?? ["auto"]
               where AreForEach("--memory", parse.GetValue(_memory)?.Count, device, orOne: true)
                   && AreForEach("--split", parse.GetValue(_split)?.Count, device, orOne: false)
               from threads in parse.GetValue(_threads) ?? [null]
               select new ModelSettings(
                   model, device, options with { WeightType = type }, threads, parse.GetValue(_memory), without),
        ];
    }

    private static bool AreForEach(string option, int? count, string device, bool orOne)
    {
        int devices = DeviceList.NamesOf(device).Count;
        return count is null || count == devices || (orOne && count == 1)
            ? true
            : throw new UsageException(FormattableString.Invariant(
                $"{option}: found {count} values for device {device}, expected {(orOne && devices > 1 ? "1 or " : "")}{devices}"));
    }

    private static IReadOnlyList<long>? ParseSizes(string text) => ParseList(text, ValueOptions.ParseSize);

    private static IReadOnlyList<double>? ParseShares(string text) => ParseList<double>(text, part =>
        double.TryParse(part, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double share)
        && double.IsFinite(share) && share > 0 ? share : null);

    private static IReadOnlyList<T>? ParseList<T>(string text, Func<string, T?> parse)
        where T : struct
    {
        T?[] values = [.. text.Split(',').Select(parse)];
        return Array.TrueForAll(values, value => value is not null) ? [.. values.Select(value => value!.Value)] : null;
    }

    private static string? ParseModel(string text) => text.Length > 0 ? text : null;

    private static DeviceFeatures? ParseFeature(string text) => text switch
    {
        "early-kernels" => DeviceFeatures.EarlyKernels,
        "warpgroups" => DeviceFeatures.Warpgroups,
        "warpgroup-attention" => DeviceFeatures.WarpgroupAttention,
        "int8-attention" => DeviceFeatures.Int8Attention,
        "layers-in-place" => DeviceFeatures.LayersInPlace,
        "bulk-copies" => DeviceFeatures.BulkCopies,
        _ => null,
    };

    // A path may contain colons. Only a number after the last one is a scale.
    private static LoraOptions ParseAdapter(string text, ArgumentResult result)
    {
        int colon = text.LastIndexOf(':');
        if (colon > 0 && float.TryParse(text.AsSpan(colon + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out float scale)
            && float.IsFinite(scale))
        {
            return new LoraOptions(text[..colon], scale);
        }

        if (colon > 0 && !Path.Exists(text) && Path.Exists(text[..colon]))
        {
            result.AddError(
                $"{LoraName}: found scale '{text[(colon + 1)..]}' after {text[..colon]}, expected a number such as 0.8");
        }

        return new LoraOptions(text);
    }

    [GeneratedRegex(@"^(auto|(cpu|(opencl|cuda)(:[0-9]{1,4})?)([,+](cpu|(opencl|cuda)(:[0-9]{1,4})?))*)\z")]
    private static partial Regex DeviceName();
}

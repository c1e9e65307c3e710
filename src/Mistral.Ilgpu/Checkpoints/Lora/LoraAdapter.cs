using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Checkpoints.HuggingFace;

namespace Mistral.Ilgpu.Checkpoints.Lora;

/// <summary>
/// A low-rank adapter (Hu et al., LoRA, arXiv 2106.09685, §4.1). Reads Hugging Face PEFT (adapter_config.json with
/// adapter_model.safetensors) and Mistral's own fine-tuning (lora.safetensors).
/// </summary>
internal sealed class LoraAdapter : IDisposable
{
    private const string PeftConfig = "adapter_config.json";
    private const string PeftWeights = "adapter_model.safetensors";
    private const string PeftPrefix = "base_model.model.";
    private const string MistralWeights = "lora.safetensors";
    private const string A = ".lora_A.weight";
    private const string B = ".lora_B.weight";

    // The default of mistral-inference, whose files have no field for the scale.
    private const float MistralScale = 2;

    private readonly ModelFiles _files;

    private LoraAdapter(ModelFiles files, string weights, ModelConfig config)
    {
        _files = files;
        try
        {
            Name = files.PathOf(weights);
            var stored = SafetensorsFile.ReadHeader(files.Keep(weights));
            bool isPeft = stored.Any(tensor => tensor.Name.StartsWith(PeftPrefix, StringComparison.Ordinal));
            Pairs = Match(stored, isPeft, config);
            Scale = isPeft ? PeftScale(files) : MistralScale;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Name { get; }

    /// <summary>The factor of B A that the files state.</summary>
    public float Scale { get; }

    /// <summary>The pairs by the canonical name of the matrix that they change.</summary>
    public IReadOnlyDictionary<string, LoraPair> Pairs { get; }

    /// <param name="path">A folder, or the file of weights in it.</param>
    /// <exception cref="ModelFileException">The adapter is missing, damaged, or does not fit a model of this
    /// configuration.</exception>
    public static LoraAdapter Open(string path, ModelConfig config)
    {
        if (File.Exists(path))
        {
            return Open(ModelFiles.InFolder(Path.GetDirectoryName(Path.GetFullPath(path))!), Path.GetFileName(path), config);
        }

        if (!Directory.Exists(path))
        {
            throw new ModelFileException(path, "found nothing there, expected an adapter's folder or file");
        }

        var files = ModelFiles.InFolder(path);
        string weights = Array.Find([PeftWeights, MistralWeights], files.Has)
            ?? throw new ModelFileException(path, $"found no adapter, expected {PeftWeights} or {MistralWeights}");
        return Open(files, weights, config);
    }

    /// <param name="weights">The name of the file that holds the weights.</param>
    internal static LoraAdapter Open(ModelFiles files, string weights, ModelConfig config) => new(files, weights, config);

    public void Dispose() => _files.Dispose();

    private static float PeftScale(ModelFiles files)
    {
        string path = files.PathOf(PeftConfig);
        var fields = JsonFields.Parse(files.ReadRequired(PeftConfig), path);
        if (fields.Text("peft_type") is { } type && type != "LORA")
        {
            throw fields.Error("peft_type", type, "LORA");
        }

        if (fields.Text("bias") is { } bias && bias != "none")
        {
            throw fields.Error("bias", bias, "none");
        }

        foreach (string name in new[] { "use_dora", "fan_in_fan_out" })
        {
            if (fields.Flag(name))
            {
                throw fields.Error(name, "true", "false");
            }
        }

        foreach (string name in new[] { "rank_pattern", "alpha_pattern", "modules_to_save" })
        {
            if (fields.Find(name) is { } value && value.GetRawText() is not ("{}" or "[]"))
            {
                throw fields.Error(name, value, "nothing");
            }
        }

        int rank = fields.RequiredCount("r");
        double alpha = fields.PositiveNumber("lora_alpha") ?? throw fields.Error("lora_alpha", "nothing", "a positive number");
        float scale = (float)(alpha / (fields.Flag("use_rslora") ? Math.Sqrt(rank) : rank));
        return float.IsFinite(scale)
            ? scale
            : throw fields.Error("lora_alpha", fields.Find("lora_alpha")!.Value, "a scale in float32");
    }

    private static Dictionary<string, LoraPair> Match(IReadOnlyList<StoredTensor> stored, bool isPeft, ModelConfig config)
    {
        var targets = (isPeft ? TensorNames.HuggingFace(config) : TensorNames.Mistral(config))
            .Where(tensor => tensor.Rows > 1 && tensor.Name != TensorNames.Embedding)
            .ToDictionary(tensor => (isPeft ? PeftPrefix : "") + tensor.SourceName[..^".weight".Length]);
        var byName = stored.ToDictionary(tensor => tensor.Name);
        var pairs = new Dictionary<string, LoraPair>(StringComparer.Ordinal);
        foreach (var tensor in stored)
        {
            bool isA = tensor.Name.EndsWith(A, StringComparison.Ordinal);
            if ((!isA && !tensor.Name.EndsWith(B, StringComparison.Ordinal))
                || !targets.TryGetValue(tensor.Name[..^A.Length], out var target))
            {
                throw new ModelFileException(
                    tensor.Source.Name,
                    $"{tensor.Name}: found a tensor that changes nothing here, "
                    + "expected lora_A and lora_B of a matrix of the model");
            }

            if (!byName.TryGetValue(tensor.Name[..^A.Length] + (isA ? B : A), out var other))
            {
                throw new ModelFileException(
                    tensor.Source.Name, $"{tensor.Name}: found no {(isA ? "lora_B" : "lora_A")} beside it, expected both");
            }

            if (isA)
            {
                pairs.Add(target.Name, Pair(target, tensor, other));
            }
        }

        return pairs;
    }

    private static LoraPair Pair(ExpectedTensor target, StoredTensor a, StoredTensor b)
    {
        if (a.Shape.Length != 2 || a.Shape[0] is < 1 or > 4096)
        {
            throw new ModelFileException(
                a.Source.Name,
                $"{a.Name}.shape: found [{string.Join(", ", a.Shape)}], expected a rank of 1 to 4096 by {target.Columns}");
        }

        int rank = (int)a.Shape[0];
        return new LoraPair(
            CheckpointTensor.Of(target with { Name = a.Name, Rows = rank, SplitHeadDim = 0, RowsPerHead = 0 }, a),
            CheckpointTensor.Of(target with { Name = b.Name, Columns = rank }, b));
    }
}

using System.Collections.Frozen;
using System.Text.Json;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Checkpoints;

/// <summary>
/// A model's files: configuration, tokenizer and tensors by canonical name, all checked against each other before anything
/// is loaded. Reads a folder in Hugging Face's layout, or the built-in model.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    /// <summary>The name of the built-in model.</summary>
    public const string Tiny = "tiny";

    private const string IndexFile = "model.safetensors.index.json";
    private const string SingleFile = "model.safetensors";

    private readonly ModelFiles _files;
    private readonly List<ByteSource> _sources = [];
    private readonly Lazy<TextTokenizer> _tokenizer;

    private Checkpoint(ModelFiles files)
    {
        _files = files;
        _tokenizer = new Lazy<TextTokenizer>(LoadTokenizer);
        try
        {
            Config = HuggingFaceConfig.Read(files.ReadRequired("config.json"), files.PathOf("config.json"));
            if (files.Read("generation_config.json") is { } generation)
            {
                Config = HuggingFaceConfig.WithGeneration(Config, generation, files.PathOf("generation_config.json"));
            }

            Tensors = Match(Config, OpenTensors());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The folder's name, or the built-in model's.</summary>
    public string Name => _files.Name;

    public ModelConfig Config { get; }

    public TextTokenizer Tokenizer => _tokenizer.Value;

    /// <summary>Every tensor of the model by its canonical name, see <see cref="TensorNames"/>.</summary>
    public IReadOnlyDictionary<string, CheckpointTensor> Tensors { get; }

    /// <summary>Bytes of all tensors as stored.</summary>
    public long TotalBytes => Tensors.Values.Sum(tensor => tensor.Bytes);

    /// <param name="model">A folder in Hugging Face's layout, or <see cref="Tiny"/>.</param>
    /// <exception cref="ModelFileException">The model is missing, damaged or of a kind not supported.</exception>
    public static Checkpoint Open(string model) => new(ModelFiles.Open(model));

    internal static Checkpoint OpenBuiltIn(string name) => new(ModelFiles.OpenBuiltIn(name));

    /// <summary>A small file of the model, or null if it has none of that name.</summary>
    internal byte[]? ReadFile(string name) => _files.Read(name);

    public void Dispose()
    {
        foreach (var source in _sources)
        {
            source.Dispose();
        }
    }

    private TextTokenizer LoadTokenizer()
    {
        const string File = "tokenizer.model";
        var tokenizer = SentencePieceBpe.Load(new MemoryStream(_files.ReadRequired(File)), _files.PathOf(File));
        return tokenizer.VocabularySize <= Config.VocabularySize ? tokenizer : throw new ModelFileException(
            _files.PathOf(File), $"found {tokenizer.VocabularySize} pieces, expected at most vocab_size = {Config.VocabularySize}");
    }

    private IEnumerable<StoredTensor> OpenTensors()
    {
        if (_files.Read(IndexFile) is not { } index)
        {
            return OpenShard(SingleFile);
        }

        string path = _files.PathOf(IndexFile);
        var map = JsonFields.Parse(index, path).Object("weight_map")
            ?? throw new ModelFileException(path, "weight_map: found nothing, expected the file of each tensor");
        var shardOf = map.All.ToDictionary(entry => entry.Key, entry => map.Text(entry.Key) ?? "");
        if (shardOf.FirstOrDefault(entry => entry.Value.Length == 0 || Path.GetFileName(entry.Value) != entry.Value) is { Key: { } tensor, Value: var shard })
        {
            throw map.Error(tensor, $"'{shard}'", "the name of a file in the same folder");
        }

        var found = shardOf.Values.Distinct().Order(StringComparer.Ordinal).SelectMany(OpenShard).ToList();
        var misplaced = shardOf.Keys.Except(found.Select(stored => stored.Name)).FirstOrDefault();
        return misplaced is null ? found : throw map.Error(misplaced, $"no such tensor in {shardOf[misplaced]}", "the file that holds it");
    }

    private IReadOnlyList<StoredTensor> OpenShard(string file)
    {
        var source = _files.Map(file);
        _sources.Add(source);
        return SafetensorsFile.ReadHeader(source);
    }

    private FrozenDictionary<string, CheckpointTensor> Match(ModelConfig config, IEnumerable<StoredTensor> tensors)
    {
        var stored = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            // Old checkpoints carry the rotary frequencies, which follow from the configuration.
            if (!tensor.Name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal) && !stored.TryAdd(tensor.Name, tensor))
            {
                throw new ModelFileException(tensor.Source.Name, $"{tensor.Name}: found in two files, expected in one");
            }
        }

        if (config.TiedEmbeddings)
        {
            // Some writers store the embedding twice.
            stored.Remove("lm_head.weight");
        }

        var matched = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        foreach (var expected in TensorNames.HuggingFace(config))
        {
            if (!stored.Remove(expected.SourceName, out var found))
            {
                throw new ModelFileException(_files.Location, $"{expected.SourceName}: found no such tensor, expected {Describe(expected)}");
            }

            matched.Add(expected.Name, new CheckpointTensor(expected, found, Check(expected, found)));
        }

        return stored.Count == 0 ? matched.ToFrozenDictionary() : throw new ModelFileException(
            stored.Values.First().Source.Name, $"{stored.Keys.Order(StringComparer.Ordinal).First()}: found a tensor that a Mistral of this configuration does not have");
    }

    private static TensorFormat Check(ExpectedTensor expected, StoredTensor found)
    {
        TensorFormat? format = found.Type switch
        {
            "F32" => TensorFormat.Float32,
            "F16" => TensorFormat.Float16,
            "BF16" => TensorFormat.BFloat16,
            _ => null,
        };
        if (format is null)
        {
            throw new ModelFileException(found.Source.Name, $"{found.Name}.dtype: found {found.Type}, expected F32, F16 or BF16");
        }

        long[] shape = expected.Rows == 1 ? [expected.Columns] : [expected.Rows, expected.Columns];
        long bytes = (long)expected.Rows * expected.Columns * format.Value.BytesPerElement();
        if (!found.Shape.SequenceEqual(shape))
        {
            throw new ModelFileException(
                found.Source.Name, $"{found.Name}.shape: found [{string.Join(", ", found.Shape)}], expected {Describe(expected)} from config.json");
        }

        return found.Length == bytes ? format.Value : throw new ModelFileException(
            found.Source.Name, $"{found.Name}.data_offsets: found {found.Length} bytes, expected {bytes} for its shape and dtype");
    }

    private static string Describe(ExpectedTensor tensor) =>
        tensor.Rows == 1 ? $"[{tensor.Columns}]" : $"[{tensor.Rows}, {tensor.Columns}]";
}

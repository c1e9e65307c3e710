using System.Collections.Frozen;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Checkpoints.Gguf;
using Mistral.Ilgpu.Checkpoints.Hub;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Mistral.Ilgpu.Checkpoints.RandomModels;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Checkpoints;

/// <summary>
/// A model's files: configuration, tokenizer and tensors by canonical name, checked against each other before anything is
/// loaded. Reads Hugging Face's layout, Mistral's own, GGUF and the built-in model. The layout is detected from the content.
/// </summary>
internal sealed class Checkpoint : IDisposable
{
    /// <summary>The name of the built-in model.</summary>
    public const string Tiny = "tiny";

    private readonly ModelFiles _files;
    private readonly ModelSource _source;
    private readonly Lazy<TextTokenizer> _tokenizer;

    private Checkpoint(ModelFiles files, Func<ModelFiles, ModelSource> open)
    {
        _files = files;
        _tokenizer = new Lazy<TextTokenizer>(LoadTokenizer);
        try
        {
            _source = open(files);
            Tensors = Match(_source);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The name of the folder or file, or the name that the file states for the model.</summary>
    public string Name => _source.Name;

    /// <summary>The path of the file or folder, for messages.</summary>
    internal string Location => _source.Location;

    /// <summary>The layout of the files, for people.</summary>
    public string Layout => _source.Layout;

    public ModelConfig Config => _source.Config;

    public TextTokenizer Tokenizer => _tokenizer.Value;

    /// <summary>Every tensor of the model by its canonical name (see <see cref="TensorNames"/>).</summary>
    public IReadOnlyDictionary<string, CheckpointTensor> Tensors { get; }

    /// <summary>The bytes of all tensors as stored.</summary>
    public long TotalBytes => Tensors.Values.Sum(tensor => tensor.Bytes);

    /// <summary>Opens the files of a model and checks them against each other.</summary>
    /// <param name="model">A file, a folder, <see cref="Tiny"/>, <c>random:NAME[:TYPE]</c> (see <see cref="FamilyShapes"/>), or
    /// a repository in the cache (see <see cref="CachedModel.Find"/>). A path that exists is taken first.</param>
    /// <exception cref="ModelFileException">The model is missing, damaged or of an unsupported kind.</exception>
    public static Checkpoint Open(string model)
    {
        if (model == Tiny)
        {
            return OpenBuiltIn(model);
        }

        if (RandomModel.IsNamed(model))
        {
            return new Checkpoint(ModelFiles.None, _ => RandomModel.Open(model));
        }

        if (Directory.Exists(model))
        {
            return Open(ModelFiles.InFolder(model), null);
        }

        if (File.Exists(model))
        {
            return Open(ModelFiles.InFolder(Path.GetDirectoryName(Path.GetFullPath(model))!), Path.GetFileName(model));
        }

        return CachedModel.Find(model, HubCache.Locate(Environment.GetEnvironmentVariable)) is var (files, file)
            ? Open(files, file)
            : throw new ModelFileException(model, $"found nothing there, expected a file or a folder of a model, or '{Tiny}'");
    }

    /// <param name="file">The file that the caller named; null if the caller named the folder.</param>
    internal static Checkpoint Open(ModelFiles files, string? file) =>
        new(files, file is null ? ModelLayout.OpenFolder : named => ModelLayout.OpenFile(named, file));

    /// <summary>Whether <see cref="Open(string)"/> accepts the file, judged by its first bytes or its name.</summary>
    public static bool IsModelFile(string path) => ModelLayout.IsModelFile(path);

    internal static Checkpoint OpenBuiltIn(string name) => new(ModelFiles.BuiltIn(name), HuggingFaceFolder.Open);

    /// <summary>The content of a small file of the model; null if there is no file of that name.</summary>
    internal byte[]? ReadFile(string name) => _files.Read(name);

    /// <summary>Whether this checkpoint is read from the file or folder at a full path.</summary>
    internal bool Holds(string path) =>
        Tensors.Values.Any(tensor => tensor.SourceFile == path || Path.GetDirectoryName(tensor.SourceFile) == path);

    public void Dispose() => _files.Dispose();

    private TextTokenizer LoadTokenizer()
    {
        var tokenizer = _source.LoadTokenizer();
        return tokenizer.VocabularySize <= Config.VocabularySize ? tokenizer : throw new ModelFileException(
            _source.Location,
            $"tokenizer: found {tokenizer.VocabularySize} pieces, "
            + $"expected at most the model's vocabulary of {Config.VocabularySize}");
    }

    private static FrozenDictionary<string, CheckpointTensor> Match(ModelSource source)
    {
        var stored = new Dictionary<string, StoredTensor>(StringComparer.Ordinal);
        foreach (var tensor in source.Stored)
        {
            // Old checkpoints store the rotary frequencies, which are computed from the configuration here.
            if (!tensor.Name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal) && !stored.TryAdd(tensor.Name, tensor))
            {
                throw new ModelFileException(tensor.Source.Name, $"{tensor.Name}: found in two files, expected in one");
            }
        }

        if (source.Config.TiedEmbeddings)
        {
            // Some writers store a tied embedding a second time as the output matrix.
            stored.Remove("lm_head.weight");
            stored.Remove("language_model.lm_head.weight");
        }

        string output = source.Config.TiedEmbeddings ? TensorNames.Embedding : TensorNames.Output;
        var matched = new Dictionary<string, CheckpointTensor>(StringComparer.Ordinal);
        foreach (var expected in source.Expected)
        {
            if (!stored.Remove(expected.SourceName, out var found))
            {
                throw new ModelFileException(
                    source.Location, $"{expected.SourceName}: found no such tensor, expected {expected.ShapeText}");
            }

            found = TensorScales.Take(stored, found);
            matched.Add(expected.Name, CheckpointTensor.Of(expected, found, makesLogits: expected.Name == output));
        }

        return stored.Count == 0 ? matched.ToFrozenDictionary() : throw new ModelFileException(
            stored.Values.First().Source.Name,
            $"{stored.Keys.Order(StringComparer.Ordinal).First()}: found a tensor that a Mistral of this "
            + "configuration does not have");
    }
}

using System.IO.Enumeration;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Mistral.Ilgpu.Checkpoints.Native;

namespace Mistral.Ilgpu.Checkpoints.Hub;

/// <summary>Chooses among the files of a repository.</summary>
/// <param name="where">The repository, for messages.</param>
/// <param name="names">All files of the repository.</param>
internal sealed class RepositoryChoice(string where, IReadOnlyCollection<string> names)
{
    private const int MostListed = 40;

    // Python's tools read these beside a tokenizer.
    private static readonly string[] Settings = ["tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"];

    /// <summary>
    /// The files that running the model needs: the set of weights that <see cref="ModelLayout.OpenFolder"/> would take, its
    /// configuration and the tokenizer. The shards that <see cref="HuggingFaceFolder.IndexFile"/> names are not among them.
    /// </summary>
    public IReadOnlyList<string> ToRun()
    {
        string[] weights = Has(HuggingFaceFolder.ConfigFile) && Has(HuggingFaceFolder.IndexFile) ? [HuggingFaceFolder.IndexFile]
            : Has(HuggingFaceFolder.ConfigFile) && Has(HuggingFaceFolder.SingleFile) ? [HuggingFaceFolder.SingleFile]
            : [];
        if (weights.Length > 0)
        {
            return [HuggingFaceFolder.ConfigFile, .. Present(HuggingFaceFolder.GenerationFile), .. Tokenizer(), .. weights];
        }

        if (Has(MistralFolder.ParamsFile) && names.Where(MistralFolder.IsWeights).ToList() is { Count: > 0 } native)
        {
            var safetensors = native.FindAll(name => name.EndsWith(".safetensors", StringComparison.Ordinal));
            return [MistralFolder.ParamsFile, .. Tokenizer(), .. safetensors.Count > 0 ? safetensors : native];
        }

        return GgufSet.Of(names) switch
        {
            [] => throw new ModelFileException(
                where,
                "found no weights that can be read, expected "
                + $"{HuggingFaceFolder.ConfigFile} with {HuggingFaceFolder.SingleFile}, "
                + $"{MistralFolder.ParamsFile} with consolidated.safetensors or .pth, or a GGUF file"),
            [var only] => only.Files,
            var several => throw Ambiguous(several),
        };
    }

    /// <summary>The files that a user names.</summary>
    /// <param name="wanted">A file, a pattern with <c>*</c> and <c>?</c>, or the type of a GGUF file such as
    /// <c>Q4_K_M</c>.</param>
    public IReadOnlyList<string> Named(string wanted)
    {
        if (Has(wanted))
        {
            // The parts of a split file are of no use alone.
            return GgufSet.Of(names).FirstOrDefault(set => set.Files.Contains(wanted))?.Files ?? [wanted];
        }

        if (wanted.AsSpan().ContainsAny('*', '?'))
        {
            return names.Where(name => FileSystemName.MatchesSimpleExpression(wanted, name, ignoreCase: false)).ToList()
                is { Count: > 0 } matching ? matching : throw None(wanted);
        }

        return GgufSet.Of(names).Where(set => set.HasType(wanted)).ToList() switch
        {
            [] => throw None(wanted),
            [var only] => only.Files,
            var several => throw Ambiguous(several),
        };
    }

    public ModelFileException Ambiguous(IReadOnlyList<GgufSet> sets) =>
        new(where, $"found {sets.Count} GGUF models, expected the name or type of one: {List(sets.Select(set => set.Files[0]))}");

    private ModelFileException None(string wanted) =>
        new(where, $"found no file '{wanted}', expected one of {List(names.Order(StringComparer.Ordinal))}");

    private static string List(IEnumerable<string> files)
    {
        string[] all = [.. files.Where(HubFileName.IsSafe)];
        return string.Join(", ", all.Take(MostListed)) + (all.Length > MostListed ? $" and {all.Length - MostListed} more" : "");
    }

    private bool Has(string name) => names.Contains(name);

    private IEnumerable<string> Present(params IEnumerable<string> wanted) => wanted.Where(Has);

    private IEnumerable<string> Tokenizer() => Present([.. FolderTokenizer.Names, .. Settings]);
}

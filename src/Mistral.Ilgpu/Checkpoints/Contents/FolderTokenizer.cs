using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>Finds the tokenizer in a folder.</summary>
internal static class FolderTokenizer
{
    /// <summary>Files that hold a tokenizer, the preferred ones first. Mistral's own are, because files derived from them may
    /// have lost information.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "tekken.json", "tokenizer.model", "tokenizer.model.v1", "tokenizer.model.v2", "tokenizer.model.v3", "tokenizer.model.v7",
        "tokenizer.json",
    ];

    public static TextTokenizer Load(ModelFiles files)
    {
        foreach (string name in Names)
        {
            if (files.Read(name) is { } bytes)
            {
                return TokenizerFile.Load(bytes, files.PathOf(name), files.Read("tokenizer_config.json"));
            }
        }

        throw new ModelFileException(files.PathOf(Names[1]), $"found no such file, expected one of {string.Join(", ", Names)}");
    }
}

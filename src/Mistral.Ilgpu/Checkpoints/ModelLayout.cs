using Mistral.Ilgpu.Checkpoints.Gguf;

namespace Mistral.Ilgpu.Checkpoints;

/// <summary>Finds out in which layout a model's files are.</summary>
internal static class ModelLayout
{
    private const string Gguf = "*.gguf";

    public static ModelSource OpenFolder(ModelFiles files)
    {
        if (files.Has(HuggingFaceFolder.SingleFile) || files.Has(HuggingFaceFolder.IndexFile))
        {
            return HuggingFaceFolder.Open(files);
        }

        var ggufs = files.Find(Gguf);
        // The parts of a split file count as one.
        if (ggufs.Count == 1 || (ggufs.Count > 1 && ggufs[0].Contains($"-00001-of-{ggufs.Count:00000}.", StringComparison.Ordinal)))
        {
            return GgufModel.Open(files, ggufs[0]);
        }

        if (ggufs.Count > 1)
        {
            throw new ModelFileException(files.Location, $"found {ggufs.Count} GGUF files, expected one; name the file");
        }

        return files.Has(HuggingFaceFolder.ConfigFile) ? HuggingFaceFolder.Open(files) : throw new ModelFileException(
            files.Location, $"found no model, expected {HuggingFaceFolder.ConfigFile} with {HuggingFaceFolder.SingleFile}, or a GGUF file");
    }

    public static ModelSource OpenFile(ModelFiles files, string file)
    {
        using var source = MappedFile.Open(files.PathOf(file));
        var start = source.ReadAll(0, (int)Math.Min(4, source.Length));
        if (GgufFile.IsGguf(start))
        {
            return GgufModel.Open(files, file);
        }

        return Path.GetExtension(file) is ".safetensors" or ".json" ? OpenFolder(files) : throw new ModelFileException(
            files.PathOf(file), "found a file of no known kind, expected GGUF, or a file of a model's folder");
    }
}

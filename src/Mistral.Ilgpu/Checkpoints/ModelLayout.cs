using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Checkpoints.Gguf;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Mistral.Ilgpu.Checkpoints.Native;

namespace Mistral.Ilgpu.Checkpoints;

/// <summary>Detects the layout of a model's files.</summary>
internal static class ModelLayout
{
    public static ModelSource OpenFolder(ModelFiles files)
    {
        if (files.Has(HuggingFaceFolder.SingleFile) || files.Has(HuggingFaceFolder.IndexFile))
        {
            return HuggingFaceFolder.Open(files);
        }

        if (MistralFolder.Weights(files) is { Count: > 0 } weights)
        {
            return MistralFolder.Open(files, weights);
        }

        var ggufs = files.Find("*.gguf");
        // The parts of a split file count as one file.
        if (ggufs.Count == 1
            || (ggufs.Count > 1 && ggufs[0].Contains($"-00001-of-{ggufs.Count:00000}.", StringComparison.Ordinal)))
        {
            return GgufModel.Open(files, ggufs[0]);
        }

        if (ggufs.Count > 1)
        {
            throw new ModelFileException(files.Location, $"found {ggufs.Count} GGUF files, expected one; name the file");
        }

        return files.Has(HuggingFaceFolder.ConfigFile) ? HuggingFaceFolder.Open(files) : throw new ModelFileException(
            files.Location,
            $"found no model, expected {HuggingFaceFolder.ConfigFile} with {HuggingFaceFolder.SingleFile}, "
            + $"{MistralFolder.ParamsFile} with consolidated.safetensors or .pth, or a GGUF file");
    }

    public static ModelSource OpenFile(ModelFiles files, string file) => Kind(files, file) switch
    {
        FileKind.Gguf => GgufModel.Open(files, file),
        FileKind.Mistral => MistralFolder.Open(files, MistralFolder.WeightsWith(files, file)),
        FileKind.PartOfFolder => OpenFolder(files),
        _ => throw new ModelFileException(
            files.PathOf(file), "found a file of no known kind, expected GGUF, safetensors or .pth"),
    };

    public static bool IsModelFile(string path)
    {
        using var files = ModelFiles.InFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return Kind(files, Path.GetFileName(path)) != FileKind.Unknown;
    }

    private enum FileKind
    {
        Unknown,
        Gguf,
        Mistral,
        PartOfFolder,
    }

    private static FileKind Kind(ModelFiles files, string name)
    {
        if (MistralFolder.IsWeights(name))
        {
            return FileKind.Mistral;
        }

        if (name.EndsWith(".safetensors", StringComparison.Ordinal)
            || name is HuggingFaceFolder.ConfigFile or HuggingFaceFolder.IndexFile or MistralFolder.ParamsFile)
        {
            return FileKind.PartOfFolder;
        }

        using var source = files.Open(name);
        return GgufFile.IsGguf(source.ReadAll(0, (int)Math.Min(4, source.Length))) ? FileKind.Gguf : FileKind.Unknown;
    }
}

using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Checkpoints.HuggingFace;

namespace Mistral.Ilgpu.Checkpoints.Native;

/// <summary>A folder in the layout of Mistral's releases: params.json, consolidated weights and a tokenizer.</summary>
internal static class MistralFolder
{
    public const string ParamsFile = "params.json";

    public static bool IsWeights(string name) => name.StartsWith("consolidated", StringComparison.Ordinal)
        && Path.GetExtension(name) is ".safetensors" or ".pth";

    /// <summary>The files of weights: safetensors if there are any, otherwise those of torch.</summary>
    public static IReadOnlyList<string> Weights(ModelFiles files) =>
        files.Find("consolidated*.safetensors") is { Count: > 0 } safetensors
        ? safetensors
        : files.Find("consolidated*.pth");

    /// <summary>The files of weights to which a named file belongs.</summary>
    public static IReadOnlyList<string> WeightsWith(ModelFiles files, string file) =>
        files.Find($"consolidated*{Path.GetExtension(file)}");

    public static ModelSource Open(ModelFiles files, IReadOnlyList<string> weights)
    {
        var config = MistralParams.Read(files.ReadRequired(ParamsFile), files.PathOf(ParamsFile));
        var stored = weights.SelectMany(file =>
        {
            var source = files.Keep(file);
            return Path.GetExtension(file) == ".pth" ? TorchFile.ReadHeader(source) : SafetensorsFile.ReadHeader(source);
        }).ToList();
        var text = TextTower.WithoutImages(stored).ToList();
        return new ModelSource(
            files.Name, files.Location, text.Count == stored.Count ? "Mistral" : $"Mistral, {TextTower.Alone}",
            config, TensorNames.Mistral(config), text, () => FolderTokenizer.Load(files));
    }
}

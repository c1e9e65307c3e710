using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Random models of a few layers, and a folder for the files of their packed layers.</summary>
internal sealed class StreamedModels : IDisposable
{
    public const int Layers = 7;

    private readonly TemporaryFolder _folder = new();

    public string Folder => File("layers");

    public static List<float> Logits(Checkpoint checkpoint, ComputeDevice device, ModelOptions options)
    {
        using var model = MistralModel.Load(checkpoint, device, options);
        return TwoTexts.Logits(model);
    }

    public string File(string name) => _folder.File(name);

    public IEnumerable<string> Files() =>
        Directory.Exists(Folder) ? Directory.EnumerateFiles(Folder, "*.layer") : [];

    public ModelOptions Options(int? streamed = null) =>
        new(Chunk: 8, Sequences: 2, LayerFolder: Folder, StreamedLayers: streamed);

    public Checkpoint Write(int columns = 24, int seed = 1)
    {
        var random = new RandomCheckpoint(seed);
        random.Config["num_hidden_layers"] = Layers;
        (random.Config["hidden_size"], random.Config["intermediate_size"]) = (columns, columns);
        string folder = File($"model-{columns}-{seed}");
        random.Write(folder);
        return Checkpoint.Open(folder);
    }

    public void Dispose() => _folder.Dispose();
}

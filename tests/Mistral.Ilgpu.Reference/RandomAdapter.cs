using System.Runtime.InteropServices;
using Mistral.Ilgpu.Checkpoints;

namespace Mistral.Ilgpu.Reference;

/// <summary>Writes small adapters of random numbers in Hugging Face's layout.</summary>
internal static class RandomAdapter
{
    private const int Rank = 3;

    /// <param name="targets">The canonical names of the matrices that it changes.</param>
    /// <returns>The folder.</returns>
    public static string Write(string folder, ModelConfig config, int seed, params string[] targets)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(
            Path.Combine(folder, "adapter_config.json"),
            $$"""{"peft_type": "LORA", "r": {{Rank}}, "lora_alpha": 12, "bias": "none", "target_modules": []}""");
        var random = new Random(seed);
        var tensors = new Dictionary<string, (string, long[], byte[])>();
        foreach (var target in TensorNames.HuggingFace(config).Where(tensor => targets.Contains(tensor.Name)))
        {
            string name = "base_model.model." + target.SourceName[..^".weight".Length];
            tensors[name + ".lora_A.weight"] = ("F32", [Rank, target.Columns], Values(Rank * target.Columns));
            tensors[name + ".lora_B.weight"] = ("F32", [target.Rows, Rank], Values(target.Rows * Rank));
        }

        RandomCheckpoint.WriteSafetensors(Path.Combine(folder, "adapter_model.safetensors"), tensors);
        return folder;

        byte[] Values(int count) => MemoryMarshal.AsBytes(
            Enumerable.Range(0, count).Select(_ => (random.NextSingle() - 0.5f) * 0.4f).ToArray().AsSpan()).ToArray();
    }
}

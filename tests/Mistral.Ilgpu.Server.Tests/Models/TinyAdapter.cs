using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Contents;
using Mistral.Ilgpu.Reference;

namespace Mistral.Ilgpu.Server.Tests.Models;

/// <summary>Writes adapters of the built-in model.</summary>
internal static class TinyAdapter
{
    /// <returns>The folder.</returns>
    public static string Write(string folder, int seed)
    {
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        return RandomAdapter.Write(folder, checkpoint.Config, seed, TensorNames.AttentionOutput(0), TensorNames.Up(1));
    }
}

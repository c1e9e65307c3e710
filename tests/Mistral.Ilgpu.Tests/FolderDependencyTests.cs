using Xunit;

namespace Mistral.Ilgpu.Tests;

/// <summary>What lies in a folder uses each other one way, without a cycle.</summary>
public sealed class FolderDependencyTests
{
    [Theory]
    [InlineData("Mistral.Ilgpu.Kernels", "Mistral.Ilgpu.Kernels")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Checkpoints")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Execution")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Generation")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Model")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Tokenization")]
    [InlineData("mistral", "Mistral.Ilgpu.Cli")]
    public void Folder_OfAnAssembly_HasNoCycle(string assembly, string folder) => Assert.Empty(Graph(assembly, folder).Cycles(folder));

    [Theory]
    [InlineData("Checkpoints", "Execution", "Model", "Generation")]
    [InlineData("Tokenization", "Checkpoints", "Execution", "Model", "Generation")]
    [InlineData("Execution", "Tokenization", "Model", "Generation")]
    [InlineData("Model", "Generation")]
    public void Folder_UsesNothingAboveIt(string layer, params string[] above)
    {
        var graph = Graph("Mistral.Ilgpu", "Mistral.Ilgpu");
        Assert.All(above, upper => Assert.Empty(graph.Uses($"Mistral.Ilgpu.{layer}", $"Mistral.Ilgpu.{upper}")));
    }

    private static FolderGraph Graph(string assembly, string root) => new(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"), root);
}

using Xunit;

namespace Mistral.Ilgpu.Tests;

/// <summary>What lies in a folder uses each other one way, without a cycle.</summary>
public sealed class FolderDependencyTests
{
    [Theory]
    [InlineData("Mistral.Ilgpu.Kernels", "Mistral.Ilgpu.Kernels")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Execution")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Generation")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Tokenization")]
    public void Folder_OfAnAssembly_HasNoCycle(string assembly, string folder)
    {
        var graph = new FolderGraph(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"), assembly);
        Assert.Empty(graph.Cycles(folder));
    }
}

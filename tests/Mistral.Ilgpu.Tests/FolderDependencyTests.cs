using System.Text.RegularExpressions;
using Xunit;

namespace Mistral.Ilgpu.Tests;

/// <summary>What lies in a folder uses each other one way, without a cycle.</summary>
public sealed partial class FolderDependencyTests
{
    [Theory]
    [InlineData("Mistral.Ilgpu.Kernels", "Mistral.Ilgpu.Kernels")]
    [InlineData("Mistral.Ilgpu.Kernels", "Mistral.Ilgpu.Kernels.Attention")]
    [InlineData("Mistral.Ilgpu.Kernels", "Mistral.Ilgpu.Kernels.Hardware")]
    [InlineData("Mistral.Ilgpu.Kernels", "Mistral.Ilgpu.Kernels.Products")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Chat")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Checkpoints")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Execution")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Generation")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Model")]
    [InlineData("Mistral.Ilgpu", "Mistral.Ilgpu.Tokenization")]
    [InlineData("Mistral.Ilgpu.Diagnostics", "Mistral.Ilgpu.Diagnostics")]
    [InlineData("Mistral.Ilgpu.Server", "Mistral.Ilgpu.Server")]
    [InlineData("mistral", "Mistral.Ilgpu.Cli")]
    public void Folder_OfAnAssembly_HasNoCycle(string assembly, string folder) =>
        Assert.Empty(Graph(assembly, folder).Cycles(folder));

    [Theory]
    [InlineData("Checkpoints", "Planning", "Execution", "Model", "Generation", "Chat")]
    [InlineData("Planning", "Execution", "Model", "Generation", "Chat")]
    [InlineData("Tokenization", "Checkpoints", "Execution", "Model", "Generation", "Chat")]
    [InlineData("Execution", "Tokenization", "Model", "Generation", "Chat")]
    [InlineData("Model", "Generation", "Chat")]
    [InlineData("Generation", "Chat")]
    public void Folder_UsesNothingAboveIt(string layer, params string[] above)
    {
        var graph = Graph("Mistral.Ilgpu", "Mistral.Ilgpu");
        Assert.All(above, upper => Assert.Empty(graph.Uses($"Mistral.Ilgpu.{layer}", $"Mistral.Ilgpu.{upper}")));
    }

    [Theory]
    [InlineData("Drivers", "Compilation", "Devices", "Buffers", "Passes", "Families")]
    [InlineData("Compilation", "Devices", "Buffers", "Passes", "Families")]
    [InlineData("Devices", "Buffers", "Passes", "Families")]
    [InlineData("Buffers", "Passes", "Families")]
    [InlineData("Passes", "Families")]
    public void FolderOfExecution_UsesNothingAboveIt(string layer, params string[] above)
    {
        var graph = Graph("Mistral.Ilgpu", "Mistral.Ilgpu");
        Assert.All(above, upper => Assert.Empty(
            graph.Uses($"Mistral.Ilgpu.Execution.{layer}", $"Mistral.Ilgpu.Execution.{upper}")));
    }

    [Theory]
    [InlineData("Contract", "Hardware", "Formats", "Inputs", "Rows", "Products", "Attention", "Choosing")]
    [InlineData("Hardware", "Formats", "Inputs", "Rows", "Products", "Attention", "Choosing")]
    [InlineData("Formats", "Inputs", "Rows", "Products", "Attention", "Choosing")]
    [InlineData("Inputs", "Rows", "Products", "Attention", "Choosing")]
    [InlineData("Rows", "Products", "Attention", "Choosing")]
    [InlineData("Products", "Attention", "Choosing")]
    [InlineData("Attention", "Rows", "Products", "Choosing")]
    [InlineData("Choosing", "Formats", "Inputs", "Rows", "Products", "Attention")]
    public void FolderOfKernels_UsesNothingAboveIt(string layer, params string[] above)
    {
        var graph = Graph("Mistral.Ilgpu.Kernels", "Mistral.Ilgpu.Kernels");
        Assert.All(above, upper => Assert.Empty(
            graph.Uses($"Mistral.Ilgpu.Kernels.{layer}", $"Mistral.Ilgpu.Kernels.{upper}")));
    }

    // The tests above take a namespace for a folder.
    [Theory]
    [InlineData("kernels/Mistral.Ilgpu.Kernels")]
    [InlineData("src/Mistral.Ilgpu/Chat")]
    [InlineData("src/Mistral.Ilgpu/Checkpoints")]
    [InlineData("src/Mistral.Ilgpu/Execution")]
    [InlineData("src/Mistral.Ilgpu/Generation")]
    [InlineData("src/Mistral.Ilgpu/Model")]
    [InlineData("src/Mistral.Ilgpu/Observability")]
    [InlineData("src/Mistral.Ilgpu/Planning")]
    [InlineData("src/Mistral.Ilgpu/Tokenization")]
    [InlineData("src/Mistral.Ilgpu.Diagnostics")]
    [InlineData("src/Mistral.Ilgpu.Extensions.AI")]
    [InlineData("src/Mistral.Ilgpu.Server")]
    public void File_InAFolder_HasItsNamespace(string folder)
    {
        string root = Path.Combine(Repository.Root, folder);
        string[] files =
        [
            .. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/'))
                .Where(file => !file.StartsWith("bin/", StringComparison.Ordinal) && !file.StartsWith("obj/", StringComparison.Ordinal)),
        ];
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Equal(
            string.Join('.', folder.Split('/')[1..].Concat(file.Split('/')[..^1])),
            Namespace().Match(File.ReadAllText(Path.Combine(root, file))).Groups[1].Value));
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    private static FolderGraph Graph(string assembly, string root) =>
        new(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"), root);
}

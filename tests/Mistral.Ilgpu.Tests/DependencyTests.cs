using System.Reflection;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;
using Xunit;

namespace Mistral.Ilgpu.Tests;

/// <summary>Dependencies run one way: command line → library → kernels → ILGPU.</summary>
public sealed class DependencyTests
{
    [Fact]
    public void Kernels_ReferenceIlgpuAlone()
    {
        string[] names = [.. References(typeof(KernelCatalog).Assembly)];
        Assert.All(names, name => Assert.True(
            name.StartsWith("System.", StringComparison.Ordinal) || name is "ILGPU" or "ILGPU.Algorithms" or "netstandard", name));
    }

    [Fact]
    public void Library_KnowsNothingOfCommandLineOrTests()
    {
        string[] names = [.. References(typeof(Checkpoint).Assembly)];
        Assert.DoesNotContain(names, name => name == "mistral" || name.StartsWith("Spectre", StringComparison.Ordinal)
            || name.StartsWith("System.CommandLine", StringComparison.Ordinal) || name.Contains("Tests", StringComparison.Ordinal));
    }

    [Fact]
    public void Reference_SharesNoKernels()
    {
        string[] names = [.. References(typeof(Reference.ReferenceModel).Assembly)];
        Assert.DoesNotContain(
            names,
            name => name.StartsWith("ILGPU", StringComparison.Ordinal) || name.EndsWith("Kernels", StringComparison.Ordinal));
    }

    private static IEnumerable<string> References(Assembly assembly) =>
        assembly.GetReferencedAssemblies().Select(name => name.Name!);
}

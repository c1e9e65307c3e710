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
        Assert.DoesNotContain(names, name => name.StartsWith("ILGPU", StringComparison.Ordinal) || name.EndsWith("Kernels", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Mistral.Ilgpu.Checkpoints", "Execution", "Model", "Generation")]
    [InlineData("Mistral.Ilgpu.Tokenization", "Checkpoints", "Execution", "Model", "Generation")]
    [InlineData("Mistral.Ilgpu.Execution", "Tokenization", "Model", "Generation")]
    [InlineData("Mistral.Ilgpu.Model", "Generation")]
    public void Namespace_UsesNothingAboveIt(string layer, params string[] above)
    {
        const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var used = typeof(Checkpoint).Assembly.GetTypes().Where(type => type.Namespace == layer).SelectMany(type => type.GetMembers(All).SelectMany(member => member switch
        {
            FieldInfo field => [field.FieldType],
            MethodBase method => (Type[])[.. method.GetParameters().Select(p => p.ParameterType), .. Locals(method)],
            _ => [],
        })).Select(type => type.Namespace).Distinct();
        Assert.DoesNotContain(used, name => above.Any(upper => name == $"Mistral.Ilgpu.{upper}"));
    }

    private static IEnumerable<Type> Locals(MethodBase method) => method.GetMethodBody()?.LocalVariables.Select(local => local.LocalType) ?? [];

    private static IEnumerable<string> References(Assembly assembly) => assembly.GetReferencedAssemblies().Select(name => name.Name!);
}

using System.Reflection;
using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Extensions.AI;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Server;
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
            || name.StartsWith("System.CommandLine", StringComparison.Ordinal) || name.Contains("Tests", StringComparison.Ordinal)
            || name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal));
    }

    [Fact]
    public void Extensions_SeeWhatEveryUserOfTheLibrarySees()
    {
        var extensions = typeof(MistralOptions).Assembly;
        Assert.Contains("Mistral.Ilgpu", References(extensions));
        Assert.DoesNotContain(
            typeof(Checkpoint).Assembly.GetCustomAttributes<InternalsVisibleToAttribute>(),
            attribute => attribute.AssemblyName == extensions.GetName().Name);
    }

    /// <summary>What else there is stays behind the interfaces of Microsoft.Extensions.AI.</summary>
    [Fact]
    public void Extensions_PublicTypes_AreThese() => Assert.Equal(
        [
            nameof(LanguageModelExtensions), nameof(MistralHealthChecksBuilderExtensions), nameof(MistralOptions),
            nameof(MistralServiceCollectionExtensions),
        ],
        typeof(MistralOptions).Assembly.GetExportedTypes().Select(type => type.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void Server_PublicTypes_AreThese() => Assert.Equal(
        [
            nameof(MistralEndpointRouteBuilderExtensions), nameof(MistralServerOptions),
            nameof(MistralServerServiceCollectionExtensions), nameof(ServedModelOptions),
        ],
        typeof(MistralServerOptions).Assembly.GetExportedTypes().Select(type => type.Name).Order(StringComparer.Ordinal));

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

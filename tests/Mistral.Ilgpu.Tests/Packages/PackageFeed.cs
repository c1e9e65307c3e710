using System.IO.Compression;
using Xunit;

namespace Mistral.Ilgpu.Tests.Packages;

/// <summary>Every package of the solution, as the tests' own build packs it, in a folder that restores as a feed.</summary>
public sealed class PackageFeed : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public string Path => _folder.Path;

    public async ValueTask InitializeAsync()
    {
        // bin/CONFIGURATION/net10.0
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        await DotnetCommand.Run(Repository.Root, "pack", "Mistral.Ilgpu.sln", "--no-build", "-c", configuration, "-o", Path);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Names without version, of packages or of their symbols.</summary>
    public string[] Names(string extension) =>
        [.. Directory.GetFiles(Path, $"*{extension}").Select(file => NameOf(file)).Order(StringComparer.Ordinal)];

    /// <summary>Opens a package (<c>.nupkg</c>) or its symbols (<c>.snupkg</c>).</summary>
    public ZipArchive Open(string name, string extension) =>
        ZipFile.OpenRead(Assert.Single(Directory.GetFiles(Path, $"*{extension}"), file => NameOf(file) == name));

    private static string NameOf(string file)
    {
        string[] parts = System.IO.Path.GetFileNameWithoutExtension(file).Split('.');
        return string.Join('.', parts.TakeWhile(part => !char.IsAsciiDigit(part[0])));
    }
}

using System.IO.Compression;
using System.Reflection.Metadata;
using System.Xml.Linq;
using Mistral.Ilgpu.Kernels.Tests;
using StbImageSharp;
using Xunit;

namespace Mistral.Ilgpu.Tests.Packages;

/// <summary>What the packages hold, and their metadata.</summary>
[Trait(Needs.Trait, Needs.Time), Collection(nameof(PackageTestCollection))]
public sealed class PackageContentTests(PackageFeed feed)
{
    private const string Library = "Mistral.Ilgpu";
    private const string Extensions = "Mistral.Ilgpu.Extensions.AI";
    private const string Kernels = "Mistral.Ilgpu.Kernels";
    private const string Server = "Mistral.Ilgpu.Server";
    private const string Tool = "Mistral.Ilgpu.Tool";

    // Of the portable format of symbols: the text of a source file.
    private static readonly Guid EmbeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    [Fact(Explicit = true)]
    public void Pack_Solution_MakesThesePackagesAlone()
    {
        Assert.Equal([Library, Extensions, Kernels, Server, Tool], feed.Names(".nupkg"));
        Assert.Equal([Library, Extensions, Kernels, Server, Tool], feed.Names(".snupkg"));
    }

    [Theory(Explicit = true)]
    [InlineData(Library, "lib/net10.0/Mistral.Ilgpu.dll", "lib/net10.0/Mistral.Ilgpu.xml")]
    [InlineData(Extensions, "lib/net10.0/Mistral.Ilgpu.Extensions.AI.dll", "lib/net10.0/Mistral.Ilgpu.Extensions.AI.xml")]
    [InlineData(Kernels, "lib/net10.0/Mistral.Ilgpu.Kernels.dll", "lib/net10.0/Mistral.Ilgpu.Kernels.xml")]
    [InlineData(Server, "lib/net10.0/Mistral.Ilgpu.Server.dll", "lib/net10.0/Mistral.Ilgpu.Server.xml")]
    [InlineData(Tool, "tools/net10.0/any/mistral.dll", "tools/net10.0/any/DotnetToolSettings.xml")]
    public void Package_Any_HoldsWhatItNames(string name, params string[] files)
    {
        using var package = feed.Open(name, ".nupkg");
        string[] entries = [.. package.Entries.Select(entry => entry.FullName)];
        Assert.All(files, file => Assert.Contains(file, entries));
        Assert.Contains("LICENSE", entries);

        var about = About(package);
        Assert.Equal(name, Field(about, "id"));
        Assert.Equal("Apache-2.0", Field(about, "license"));
        Assert.NotEqual("Package Description", Field(about, "description"));
        Assert.Contains("mistral", Field(about, "tags"), StringComparison.Ordinal);
        Assert.NotEqual(name, Field(about, "authors"));
        Assert.Equal(
            Field(about, "projectUrl"),
            about.Elements().Single(element => element.Name.LocalName == "repository").Attribute("url")!.Value);
        Assert.StartsWith("# ", Text(package, Field(about, "readme")), StringComparison.Ordinal);
        using var icon = package.GetEntry(Field(about, "icon"))!.Open();
        var image = ImageResult.FromStream(Copy(icon));
        Assert.Equal((256, 256), (image.Width, image.Height));
    }

    [Theory(Explicit = true)]
    [InlineData(Library, Kernels)]
    [InlineData(Extensions, Library)]
    [InlineData(Server, Extensions)]
    public void Package_OnAnother_DependsOnItAsAPackage(string name, string other)
    {
        using var package = feed.Open(name, ".nupkg");
        var about = About(package);
        var dependency = Assert.Single(
            about.Descendants(), element => element.Name.LocalName == "dependency" && element.Attribute("id")!.Value == other);
        Assert.Equal(Field(about, "version"), dependency.Attribute("version")!.Value);
    }

    /// <summary>A debugger steps into any file of ours, kernels too, without a server: the symbols hold its text.</summary>
    [Theory(Explicit = true)]
    [InlineData(Library, "lib/net10.0/Mistral.Ilgpu.pdb", "/_/src/Mistral.Ilgpu/Checkpoints/Checkpoint.cs")]
    [InlineData(
        Extensions, "lib/net10.0/Mistral.Ilgpu.Extensions.AI.pdb", "/_/src/Mistral.Ilgpu.Extensions.AI/MistralChatClient.cs")]
    [InlineData(Kernels, "lib/net10.0/Mistral.Ilgpu.Kernels.pdb", "/_/kernels/Mistral.Ilgpu.Kernels/Attention/AttendRow.cs")]
    [InlineData(Server, "lib/net10.0/Mistral.Ilgpu.Server.pdb", "/_/src/Mistral.Ilgpu.Server/Answers/Answer.cs")]
    [InlineData(Tool, "tools/net10.0/any/mistral.pdb", "/_/src/Mistral.Ilgpu.Cli/Program.cs")]
    public void Symbols_EverySourceFile_IsEmbedded(string name, string symbols, string file)
    {
        using var package = feed.Open(name, ".snupkg");
        using var stream = package.GetEntry(symbols)!.Open();
        using var provider = MetadataReaderProvider.FromPortablePdbStream(Copy(stream));
        var reader = provider.GetMetadataReader();
        var documents = reader.Documents.ToDictionary(
            document => reader.GetString(reader.GetDocument(document).Name).Replace('\\', '/'),
            document => reader.GetCustomDebugInformation(document)
                .Any(entry => reader.GetGuid(reader.GetCustomDebugInformation(entry).Kind) == EmbeddedSource));

        Assert.Contains(file, documents.Keys);
        Assert.All(documents, document => Assert.True(document.Value, document.Key));
        Assert.All(documents.Keys, path => Assert.StartsWith("/_/", path, StringComparison.Ordinal));
    }

    private static XElement About(ZipArchive package)
    {
        using var stream = package.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(stream).Root!.Elements().Single();
    }

    private static string Field(XElement about, string name) =>
        about.Elements().Single(element => element.Name.LocalName == name).Value;

    private static string Text(ZipArchive package, string entry)
    {
        using var reader = new StreamReader(package.GetEntry(entry)!.Open());
        return reader.ReadToEnd();
    }

    private static MemoryStream Copy(Stream stream)
    {
        var copy = new MemoryStream();
        stream.CopyTo(copy);
        copy.Position = 0;
        return copy;
    }
}

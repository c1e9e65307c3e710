using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace Mistral.Ilgpu.Tests.Documentation;

/// <summary>What the pages say of the repository is there.</summary>
public sealed partial class DocumentationTests
{
    private const string FirstPage = "README.md";
    private const string Guide = "src/Mistral.Ilgpu/README.md";
    private const string Extensions = "src/Mistral.Ilgpu.Extensions.AI/README.md";
    private const string Server = "src/Mistral.Ilgpu.Server/README.md";

    private static readonly string SnippetFolder = Path.Combine(Repository.Root, "tests/Mistral.Ilgpu.Tests/Documentation");

    [Fact]
    public void Pages_RelativeLinks_NameWhatExists()
    {
        var broken = new List<string>();
        int links = 0;
        foreach (var page in MarkdownPage.All())
        {
            foreach (string link in page.RelativeLinks)
            {
                links++;
                string[] parts = link.Split('#', 2);
                string folder = Path.GetDirectoryName(page.FullPath)!;
                string target = parts[0].Length == 0 ? page.FullPath : Path.GetFullPath(Path.Combine(folder, parts[0]));
                if (!Path.Exists(target))
                {
                    broken.Add($"{page.Path}: {link}: no such file");
                }
                else if (parts.Length > 1
                    && !new MarkdownPage(Path.GetRelativePath(Repository.Root, target)).Anchors.Contains(parts[1]))
                {
                    broken.Add($"{page.Path}: {link}: no such heading");
                }
            }
        }

        Assert.Equal("", string.Join('\n', broken));
        Assert.True(links > 40, $"found {links} links");
    }

    [Fact]
    public void FirstPage_Length_IsReadInFiveMinutes() => Assert.InRange(new MarkdownPage(FirstPage).Lines.Count, 50, 250);

    /// <summary>A page that ships in a package is read where relative links lead nowhere.</summary>
    [Theory]
    [InlineData(Guide)]
    [InlineData(Extensions)]
    [InlineData(Server)]
    [InlineData("src/Mistral.Ilgpu.Cli/README.md")]
    [InlineData("kernels/README.md")]
    public void PackagePage_RelativeLinks_AreNone(string path) => Assert.Empty(new MarkdownPage(path).RelativeLinks);

    /// <summary>The compiler reads the C# of the pages, because it is that of files of the tests.</summary>
    [Fact]
    public void Pages_CSharpBlocks_AreRegionsOfTheSnippets()
    {
        string[] blocks = [.. new[] { FirstPage, Guide, Extensions, Server }
            .SelectMany(path => new MarkdownPage(path).Blocks)
            .Where(block => block.Language == "csharp")
            .Select(block => block.Code)];
        string[] regions =
            [.. Directory.GetFiles(SnippetFolder, "*Snippets.cs").SelectMany(file => Regions(File.ReadAllLines(file)))];

        Assert.All(blocks, block => Assert.Contains(block, regions));
        Assert.All(regions, region => Assert.Contains(region, blocks));
    }

    private static IEnumerable<string> Regions(IEnumerable<string> lines)
    {
        StringBuilder? region = null;
        int indentation = 0;
        foreach (string line in lines)
        {
            if (RegionEnd().IsMatch(line))
            {
                yield return region!.ToString();
                region = null;
            }
            else if (RegionStart().IsMatch(line))
            {
                (region, indentation) = (new StringBuilder(), line.Length - line.TrimStart().Length);
            }
            else
            {
                region?.Append(line.Length == 0 ? line : line[indentation..]).Append('\n');
            }
        }
    }

    [GeneratedRegex(@"^ *// <[\w-]+>$")]
    private static partial Regex RegionStart();

    [GeneratedRegex(@"^ *// </[\w-]+>$")]
    private static partial Regex RegionEnd();
}

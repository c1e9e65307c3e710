using System.Text;
using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Tests.Documentation;

/// <summary>A page of the repository: its text apart from its blocks of code.</summary>
internal sealed partial class MarkdownPage
{
    private readonly string _text;

    /// <param name="path">Below the root of the repository, with forward slashes.</param>
    public MarkdownPage(string path)
    {
        Path = path;
        Lines = File.ReadAllLines(FullPath);
        var text = new StringBuilder();
        var blocks = new List<(string Language, string Code)>();
        StringBuilder? code = null;
        string language = "";
        foreach (string line in Lines)
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                if (code is null)
                {
                    (code, language) = (new StringBuilder(), line[3..]);
                }
                else
                {
                    blocks.Add((language, code.ToString()));
                    code = null;
                }
            }
            else
            {
                (code ?? text).Append(line).Append('\n');
            }
        }

        (_text, Blocks) = (text.ToString(), blocks);
    }

    public string Path { get; }

    public string FullPath => System.IO.Path.Combine(Repository.Root, Path);

    public IReadOnlyList<string> Lines { get; }

    /// <summary>What stands between fences.</summary>
    public IReadOnlyList<(string Language, string Code)> Blocks { get; }

    /// <summary>Links and pictures that name a place in the repository.</summary>
    public IEnumerable<string> RelativeLinks =>
        Link().Matches(Code().Replace(_text, "")).Select(match => match.Groups[1].Value)
            .Where(
                link => !link.Contains("://", StringComparison.Ordinal) && !link.StartsWith("mailto:", StringComparison.Ordinal));

    /// <summary>What links may name behind <c>#</c>: headings in lower case, with hyphens.</summary>
    public IEnumerable<string> Anchors =>
        from line in _text.Split('\n')
        where line.StartsWith('#')
        select NotInAnchor().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-');

    /// <summary>All pages, but for what builds and test runs leave.</summary>
    public static IEnumerable<MarkdownPage> All() => In("").Order(StringComparer.Ordinal).Select(path => new MarkdownPage(path));

    private static IEnumerable<string> In(string folder)
    {
        string full = System.IO.Path.Combine(Repository.Root, folder);
        foreach (string file in Directory.EnumerateFiles(full, "*.md"))
        {
            yield return folder + System.IO.Path.GetFileName(file);
        }

        foreach (string below in Directory.EnumerateDirectories(full))
        {
            string name = System.IO.Path.GetFileName(below);
            if (name is "bin" or "obj" or "artifacts" or "TestResults" or "BenchmarkDotNet.Artifacts" or "fuzz-findings"
                or "node_modules" || name.StartsWith('.'))
            {
                continue;
            }

            foreach (string path in In($"{folder}{name}/"))
            {
                yield return path;
            }
        }
    }

    [GeneratedRegex(@"\]\(([^()\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`[^`\n]*`")]
    private static partial Regex Code();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();
}

using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Checkpoints.Hub;

/// <summary>A GGUF model among the files of a repository: one file, or the parts of a split one.</summary>
/// <param name="Files">The names, in order.</param>
internal sealed partial record GgufSet(IReadOnlyList<string> Files)
{
    /// <summary>The models among files. Projectors of images are none.</summary>
    public static IReadOnlyList<GgufSet> Of(IEnumerable<string> names) =>
    [
        .. names.Where(IsModel).GroupBy(name => PartNumber().Replace(name, ""), StringComparer.Ordinal)
            .OrderBy(set => set.Key, StringComparer.Ordinal)
            .Select(set => new GgufSet([.. set.Order(StringComparer.Ordinal)])),
    ];

    /// <summary>Whether the name of the file has a type as one of its words: <c>Q4_K_M</c> in <c>model-Q4_K_M.gguf</c>.</summary>
    public bool HasType(string type)
    {
        string file = Files[0][(Files[0].LastIndexOf('/') + 1)..];
        return Regex.IsMatch(file, $@"(^|[-.]){Regex.Escape(type)}[-.]", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
    }

    private static bool IsModel(string name) =>
        name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
        && !name.Contains("mmproj", StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"-[0-9]{5}-of-[0-9]{5}(?=\.gguf\z)", RegexOptions.IgnoreCase)]
    private static partial Regex PartNumber();
}

using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Checkpoints.Hub;

/// <summary>A repository of models on Hugging Face's hub: <c>OWNER/NAME</c>.</summary>
internal sealed partial record HubRepository(string Owner, string Name)
{
    private const int MostCharacters = 96;

    /// <summary>The folder of the repository in the cache.</summary>
    public string FolderName => $"models--{Owner}--{Name}";

    /// <summary>Parses <c>OWNER/NAME</c> or <c>OWNER/NAME:SUFFIX</c>.</summary>
    /// <returns>The repository and the suffix, if any; null if the text is not of this form.</returns>
    public static (HubRepository Repository, string? Suffix)? Parse(string text)
    {
        var match = Form().Match(text);
        string name = match.Groups["name"].Value;
        // The hub allows none of these, and -- separates the parts of a folder's name in the cache.
        return match.Success && match.Groups["repository"].Length <= MostCharacters
            && !match.Groups["repository"].ValueSpan.Contains("--", StringComparison.Ordinal)
            && !match.Groups["repository"].ValueSpan.Contains("..", StringComparison.Ordinal)
            && !name.EndsWith(".git", StringComparison.Ordinal)
            ? (new HubRepository(match.Groups["owner"].Value, name),
                match.Groups["suffix"] is { Success: true, Value: var suffix } ? suffix : null)
            : null;
    }

    public override string ToString() => $"{Owner}/{Name}";

    [GeneratedRegex(
        @"^(?<repository>(?<owner>\w([\w.-]*\w)?)/(?<name>\w([\w.-]*\w)?))(:(?<suffix>.+))?\z",
        RegexOptions.ECMAScript)]
    private static partial Regex Form();
}

using System.CommandLine;
using System.Globalization;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Cli.Options;

/// <param name="Ids">Given instead of texts.</param>
/// <param name="IsMany">Whether results are wanted one per line.</param>
internal sealed record Prompts(IReadOnlyList<string> Texts, int[]? Ids, bool IsMany)
{
    /// <summary>What stands behind a gap after each text; null where there is no gap.</summary>
    public string? Suffix { get; init; }

    /// <summary>The prompts as ids, texts with the token that starts a text.</summary>
    public IReadOnlyList<int[]> Encode(TextTokenizer tokenizer, int vocabularySize)
    {
        if (Ids is not null)
        {
            RequireIds("--prompt-ids", Ids, vocabularySize);
            return [Ids];
        }

        return [.. Texts.Select(
            text => Suffix is null ? Encode(tokenizer, text) : [.. FillInTheMiddle.Encode(tokenizer, text, Suffix)])];
    }

    public static void RequireIds(string option, IEnumerable<int> ids, int vocabularySize)
    {
        foreach (int id in ids)
        {
            if (id >= vocabularySize)
            {
                throw new UsageException(
                    string.Create(CultureInfo.InvariantCulture, $"{option}: found id {id}, expected ids below {vocabularySize}"));
            }
        }
    }

    private static int[] Encode(TextTokenizer tokenizer, string text)
    {
        try
        {
            return PromptEncoding.Encode(tokenizer, text);
        }
        catch (ArgumentException exception)
        {
            throw new UsageException(exception.Message);
        }
    }
}

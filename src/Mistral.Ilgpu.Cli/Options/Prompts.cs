using System.CommandLine;
using System.Globalization;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>The prompts of a command.</summary>
/// <param name="Ids">The ids of a prompt, in place of texts; null if there are texts.</param>
/// <param name="IsMany">Whether there is one result in each line.</param>
internal sealed record Prompts(IReadOnlyList<string> Texts, int[]? Ids, bool IsMany)
{
    /// <summary>The text after the gap of each prompt, for fill-in-the-middle; null for none.</summary>
    public string? Suffix { get; init; }

    /// <summary>The prompts as ids. Texts start with the tokenizer's start token.</summary>
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

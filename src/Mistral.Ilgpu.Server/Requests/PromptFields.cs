using System.Text.Json;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Server.Requests;

/// <summary>Reads prompts: a text, a list of texts, the ids of a prompt, or a list of lists of ids.</summary>
internal static class PromptFields
{
    private const string Expected = "a string, a list of strings, a list of token ids, or a list of such lists";

    public static IReadOnlyList<int[]> Read(JsonElement? value, string name, ServedModel model) =>
        Read(value, name, model.Language.Tokenizer, model.Language.Info.VocabularySize);

    public static IReadOnlyList<int[]> Read(JsonElement? value, string name, TextTokenizer tokenizer, int vocabularySize)
    {
        return value switch
        {
            null => throw ApiException.Wrong(name, "nothing", Expected),
            { ValueKind: JsonValueKind.String } text => [Encode(JsonUnions.Text(text, name), name, tokenizer)],
            { ValueKind: JsonValueKind.Array } list => list.EnumerateArray().FirstOrDefault().ValueKind switch
            {
                JsonValueKind.String =>
                    [.. JsonUnions.OneOrManyTexts(list, name).Select((text, i) => Encode(text, $"{name}[{i}]", tokenizer))],
                JsonValueKind.Number => [JsonUnions.Ids(list, name, vocabularySize)],
                JsonValueKind.Array => [.. list.EnumerateArray().Select((ids, i) => Ids(ids, $"{name}[{i}]", vocabularySize))],
                JsonValueKind.Undefined => throw ApiException.Wrong(name, "an empty list", Expected),
                _ => throw ApiException.Wrong(name, list.GetRawText(), Expected),
            },
            { } other => throw ApiException.Wrong(name, other.GetRawText(), Expected),
        };
    }

    /// <summary>Prompts that are texts.</summary>
    public static IReadOnlyList<string> Texts(JsonElement? value, string name) => value is null
        ? throw ApiException.Wrong(name, "nothing", "a string or a list of strings")
        : JsonUnions.OneOrManyTexts(value.Value, name);

    private static int[] Ids(JsonElement value, string name, int vocabularySize) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
            ? JsonUnions.Ids(value, name, vocabularySize)
            : throw ApiException.Wrong(name, value.GetRawText(), "a list of at least one token id");

    private static int[] Encode(string text, string name, TextTokenizer tokenizer)
    {
        try
        {
            return PromptEncoding.Encode(tokenizer, text);
        }
        catch (ArgumentException)
        {
            throw ApiException.Wrong(name, "an empty text", "text, because the tokenizer has no token that starts a text");
        }
    }
}

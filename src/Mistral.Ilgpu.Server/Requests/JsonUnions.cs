using System.Text.Json;
using Mistral.Ilgpu.Server.Errors;

namespace Mistral.Ilgpu.Server.Requests;

/// <summary>Fields that have one of several types.</summary>
internal static class JsonUnions
{
    /// <summary>A text, or a list of texts.</summary>
    public static IReadOnlyList<string> OneOrManyTexts(JsonElement value, string name) => value.ValueKind switch
    {
        JsonValueKind.String => [Text(value, name)],
        JsonValueKind.Array => [.. value.EnumerateArray().Select((item, index) => Text(item, $"{name}[{index}]"))],
        _ => throw ApiException.Wrong(name, value.GetRawText(), "a string or a list of strings"),
    };

    /// <summary>A text.</summary>
    public static string Text(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw ApiException.Wrong(name, value.GetRawText(), "a string");
        }

        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Wrong(name, "half of a surrogate pair", "whole characters");
        }
    }

    /// <summary>A member of an object; null where there is none.</summary>
    public static JsonElement? Field(JsonElement holder, string name, string where) =>
        holder.ValueKind != JsonValueKind.Object ? throw ApiException.Wrong(where, holder.GetRawText(), "an object")
        : holder.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value
        : null;

    /// <summary>A member that is text.</summary>
    public static string RequiredText(JsonElement holder, string name, string where) => Field(holder, name, where) is { } value
        ? Text(value, $"{where}.{name}")
        : throw ApiException.Wrong($"{where}.{name}", "nothing", "a string");

    /// <summary>A list of token ids.</summary>
    public static int[] Ids(JsonElement value, string name, int vocabularySize) =>
        [.. value.EnumerateArray().Select((item, index) => Id(item, $"{name}[{index}]", vocabularySize))];

    private static int Id(JsonElement value, string name, int vocabularySize) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id >= 0 && id < vocabularySize
            ? id
            : throw ApiException.Wrong(name, value.GetRawText(), $"a token id below {vocabularySize}");
}

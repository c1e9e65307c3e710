using System.Text.Json;
using Microsoft.Extensions.AI;
using Mistral.Ilgpu.Chat;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Arguments and results of functions as the text that a model reads.</summary>
internal static class FunctionJson
{
    private static readonly JsonSerializerOptions Compact = new(AIJsonUtilities.DefaultOptions) { WriteIndented = false };

    /// <summary>The call's arguments in JSON. Arguments of the model that were not an object are told as the model wrote
    /// them.</summary>
    public static string ArgumentsOf(FunctionCallContent call) => call.Arguments is { } arguments
        ? JsonSerializer.Serialize(arguments, Compact)
        : call.RawRepresentation is ToolCall raw ? raw.Arguments : "{}";

    /// <summary>The result as text: a text as it is, another value in JSON.</summary>
    public static string TextOf(FunctionResultContent result, MessagePlace place) => result.Result switch
    {
        null => "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        AIContent content => TextOf(content, place),
        IEnumerable<AIContent> contents => string.Concat(contents.Select(content => TextOf(content, place))),
        var value => JsonSerializer.Serialize(value, Compact),
    };

    private static string TextOf(AIContent content, MessagePlace place) =>
        content is TextContent text ? text.Text : throw place.Refuse(content, "text as the result of a function");
}

using System.ComponentModel;
using System.Text.Json;

namespace Mistral.Ilgpu.Server.Models;

/// <summary>The body of <c>/tokenize</c>: a text or a conversation.</summary>
internal sealed record TokenizeRequest
{
    public string? Model { get; init; }

    [Description("A text.")]
    public string? Prompt { get; init; }

    [Description("A conversation, in place of a text.")]
    public JsonElement? Messages { get; init; }

    [Description("Functions that the model is told of with a conversation.")]
    public JsonElement? Tools { get; init; }

    [Description("Whether a text begins with the token that starts texts; true if not given.")]
    public bool? AddSpecialTokens { get; init; }

    [Description("Whether the tokens' texts are wanted too.")]
    public bool? ReturnTokenStrs { get; init; }
}

using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace Mistral.Ilgpu.Server.Messages;

/// <summary>The body of <c>/v1/messages</c>. Fields that are not here are ignored.</summary>
internal sealed record MessagesRequest
{
    public string? Model { get; init; }

    [Description("The conversation, oldest first.")]
    public JsonElement? Messages { get; init; }

    [Description("What the model is told to be: a text, or a list of texts.")]
    public JsonElement? System { get; init; }

    [Description("Most tokens of the answer; needed but for counting."), Range(1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    [Range(0, 1.0)]
    public double? Temperature { get; init; }

    [Range(0, 1.0, MinimumIsExclusive = true)]
    public double? TopP { get; init; }

    [Range(0, int.MaxValue)]
    public int? TopK { get; init; }

    [Description("Texts before which the answer ends.")]
    public JsonElement? StopSequences { get; init; }

    [Description("Functions that the model may call.")]
    public JsonElement? Tools { get; init; }

    [Description("auto, any, none, or a tool.")]
    public JsonElement? ToolChoice { get; init; }

    [Description("Whether the model reasons, and for how many tokens at most, as far as its format has that.")]
    public ThinkingSettings? Thinking { get; init; }

    public bool? Stream { get; init; }

    internal sealed record ThinkingSettings(string? Type = null, int? BudgetTokens = null);
}

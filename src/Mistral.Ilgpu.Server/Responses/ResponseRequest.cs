using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;

namespace Mistral.Ilgpu.Server.Responses;

/// <summary>The body of <c>/v1/responses</c>. Fields that are not here are ignored.</summary>
internal sealed record ResponseRequest
{
    public string? Model { get; init; }

    [Description("A text, or a list of messages, calls and their results.")]
    public JsonElement? Input { get; init; }

    [Description("What the model is told to be.")]
    public string? Instructions { get; init; }

    [Range(0, 2.0)]
    public double? Temperature { get; init; }

    [Range(0, 1.0, MinimumIsExclusive = true)]
    public double? TopP { get; init; }

    [Range(1, int.MaxValue)]
    public int? MaxOutputTokens { get; init; }

    [Description("message.output_text.logprobs adds log-probabilities of a message's tokens; others add what there is none of.")]
    public IReadOnlyList<string>? Include { get; init; }

    [Description("How many of the likeliest tokens come with each."), Range(0, 20)]
    public int? TopLogprobs { get; init; }

    [Description("Functions that the model may call.")]
    public JsonElement? Tools { get; init; }

    [Description("auto, none, required, or a function.")]
    public JsonElement? ToolChoice { get; init; }

    public bool? ParallelToolCalls { get; init; }

    [Description("The form of the answer.")]
    public JsonElement? Text { get; init; }

    [Description("How much the model reasons, as far as its format has that.")]
    public ReasoningSettings? Reasoning { get; init; }

    public bool? Stream { get; init; }

    [Description("Is told back.")]
    public JsonElement? Metadata { get; init; }

    [Description("Not supported: nothing is kept.")]
    public string? PreviousResponseId { get; init; }

    [Description("Not supported: nothing is kept.")]
    public JsonElement? Conversation { get; init; }

    [Description("Not supported if true.")]
    public bool? Background { get; init; }

    [Description("Not supported: nothing is kept.")]
    public JsonElement? Prompt { get; init; }

    [Description("disabled, if given.")]
    public string? Truncation { get; init; }

    internal sealed record ReasoningSettings(string? Effort = null);
}

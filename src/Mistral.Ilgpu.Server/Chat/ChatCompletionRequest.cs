using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Mistral.Ilgpu.Server.Requests;

namespace Mistral.Ilgpu.Server.Chat;

/// <summary>The body of <c>/v1/chat/completions</c>. Fields that are not here are ignored.</summary>
internal sealed record ChatCompletionRequest : GenerationRequest
{
    [Description("The conversation, oldest first.")]
    public JsonElement? Messages { get; init; }

    [Description("Functions that the model may call.")]
    public JsonElement? Tools { get; init; }

    [Description("auto, none, required, or a function.")]
    public JsonElement? ToolChoice { get; init; }

    [Description("Whether an answer may have several calls; true if not given.")]
    public bool? ParallelToolCalls { get; init; }

    [Description("Most tokens of an answer."), Range(1, int.MaxValue)]
    public int? MaxCompletionTokens { get; init; }

    [Description("Whether each token comes with its log-probability.")]
    public bool? Logprobs { get; init; }

    [Description("How many of the likeliest tokens come with each."), Range(0, 20)]
    public int? TopLogprobs { get; init; }

    [Description("How much the model reasons, as far as its format has that.")]
    public string? ReasoningEffort { get; init; }
}

using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Mistral.Ilgpu.Server.Requests;

namespace Mistral.Ilgpu.Server.Completions;

/// <summary>The body of <c>/v1/completions</c>. Fields that are not here are ignored.</summary>
internal sealed record CompletionRequest : GenerationRequest
{
    [Description("A text, a list of texts, token ids, or a list of lists of token ids.")]
    public JsonElement? Prompt { get; init; }

    [Description("What stands behind the text, for models that fill in the middle.")]
    public string? Suffix { get; init; }

    [Description("Whether the prompt comes before the answer.")]
    public bool? Echo { get; init; }

    [Description("How many of the likeliest tokens come with each token's log-probability."), Range(0, 20)]
    public int? Logprobs { get; init; }

    [Description("The same as n, if given."), Range(1, int.MaxValue)]
    public int? BestOf { get; init; }
}

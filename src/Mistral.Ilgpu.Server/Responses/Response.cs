using System.Text.Json;
using System.Text.Json.Serialization;
using Mistral.Ilgpu.Server.Answers;

namespace Mistral.Ilgpu.Server.Responses;

/// <summary>An answer of <c>/v1/responses</c>, whole or under way.</summary>
/// <param name="Status"><c>in_progress</c>, <c>completed</c>, <c>incomplete</c> or <c>failed</c>.</param>
internal sealed record Response(
    string Id, long CreatedAt, string Status, string Model, IReadOnlyList<OutputItem> Output,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ResponseUsage? Usage)
{
    public string Object { get; } = "response";

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public ResponseError? Error { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public IncompleteDetails? IncompleteDetails { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? Instructions { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public int? MaxOutputTokens { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public string? PreviousResponseId { get; }

    public bool ParallelToolCalls { get; init; }

    public double Temperature { get; init; }

    public double TopP { get; init; }

    public int TopLogprobs { get; init; }

    public required JsonElement ToolChoice { get; init; }

    public required JsonElement Tools { get; init; }

    public required JsonElement Text { get; init; }

    public required JsonElement Metadata { get; init; }

    public ResponseRequest.ReasoningSettings? Reasoning { get; init; }

    public string Truncation { get; } = "disabled";

    public bool Store { get; }

    public bool Background { get; }

    /// <summary>The response at its end.</summary>
    public Response Complete(Answer answer, IReadOnlyList<OutputItem> items)
    {
        bool isCut = answer.FinishReason == "length";
        return this with
        {
            Status = isCut ? "incomplete" : "completed",
            IncompleteDetails = isCut ? new IncompleteDetails("max_output_tokens") : null,
            Output = items,
            Usage = ResponseUsage.Of(answer),
        };
    }
}

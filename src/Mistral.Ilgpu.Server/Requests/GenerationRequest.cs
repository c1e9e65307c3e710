using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Mistral.Ilgpu.Server.Requests;

/// <summary>What chats and completions say of how a text is generated.</summary>
internal abstract record GenerationRequest
{
    [Description("The model's name, or that of an adapter; if not given the model.")]
    public string? Model { get; init; }

    [Description("Divides the logits; 0 takes the likeliest token. 1 if not given."), Range(0, 2.0)]
    public double? Temperature { get; init; }

    [Description("Keeps the fewest tokens whose probabilities reach this sum."), Range(0, 1.0, MinimumIsExclusive = true)]
    public double? TopP { get; init; }

    [Description("Keeps the k likeliest tokens; 0 or -1 keeps all."), Range(-1, int.MaxValue)]
    public int? TopK { get; init; }

    [Description("Keeps tokens at least this probable relative to the likeliest."), Range(0, 1.0)]
    public double? MinP { get; init; }

    [Range(-2.0, 2.0)]
    public double? PresencePenalty { get; init; }

    [Range(-2.0, 2.0)]
    public double? FrequencyPenalty { get; init; }

    [Range(0, double.MaxValue, MinimumIsExclusive = true)]
    public double? RepetitionPenalty { get; init; }

    [Description("Decides every draw.")]
    public long? Seed { get; init; }

    [Description("A text, or a list of texts, before which the answer ends.")]
    public JsonElement? Stop { get; init; }

    [Description("Is added to the logits of tokens, by id, from -100 to 100.")]
    public IReadOnlyDictionary<string, double>? LogitBias { get; init; }

    [Description("Most tokens that are generated."), Range(0, int.MaxValue)]
    public int? MaxTokens { get; init; }

    [Description("Answers to each prompt."), Range(1, int.MaxValue)]
    public int? N { get; init; }

    public bool? Stream { get; init; }

    public StreamOptions? StreamOptions { get; init; }

    public bool? IgnoreEos { get; init; }

    [Description("Requests of lower numbers begin first; 0 if not given.")]
    public int? Priority { get; init; }

    [Description("Seconds after which the answer ends with what there is."), Range(0, 86400.0, MinimumIsExclusive = true)]
    public double? Timeout { get; init; }

    [Description("text, json_object, or json_schema with a schema.")]
    public JsonElement? ResponseFormat { get; init; }

    [Description("What the answer must be: json, regex, choice, grammar or json_object.")]
    public JsonElement? StructuredOutputs { get; init; }

    public JsonElement? GuidedJson { get; init; }

    public string? GuidedRegex { get; init; }

    public IReadOnlyList<string>? GuidedChoice { get; init; }

    public string? GuidedGrammar { get; init; }

    /// <summary>Whether an answer comes in events.</summary>
    [JsonIgnore]
    public bool IsStreamed => Stream == true;

    /// <summary>Whether a stream ends with an event for usage.</summary>
    [JsonIgnore]
    public bool StreamsUsage => StreamOptions?.IncludeUsage == true;
}

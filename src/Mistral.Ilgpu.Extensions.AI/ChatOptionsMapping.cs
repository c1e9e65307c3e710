using System.Globalization;
using Microsoft.Extensions.AI;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Generation;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Options of a request in the library's own terms. What has no such term is refused by name.</summary>
internal static class ChatOptionsMapping
{
    /// <summary>What the model is told besides the conversation.</summary>
    /// <param name="model">The model's name.</param>
    public static ChatSettings SettingsOf(ChatOptions options, string model)
    {
        Refusals.RequireModel(options.ModelId, model, nameof(ChatOptions));
        Refusals.RequireNothing(options.AdditionalProperties, nameof(ChatOptions));
        if (options.ConversationId is { } conversation)
        {
            throw Refusal(nameof(options.ConversationId), $"'{conversation}'", "none, because no conversation is kept here");
        }

        if (options.ContinuationToken is not null)
        {
            throw Refusal(nameof(options.ContinuationToken), "one", "none, because no response runs in the background");
        }

        return new ChatSettings
        {
            Tools = [.. (options.Tools ?? []).Select(ToolOf)],
            ToolChoice = ToolChoiceOf(options.ToolMode),
            AllowsParallelCalls = options.AllowMultipleToolCalls ?? true,
            ReasoningEffort = EffortOf(options.Reasoning),
        };
    }

    /// <summary>How the answer is generated. What a request leaves out is the library's default: the likeliest tokens, 256 at
    /// most.</summary>
    public static GenerationOptions GenerationOf(ChatOptions options, IChatClient client)
    {
        var raw = RawOf(options, client);
        if (options.MaxOutputTokens < 1)
        {
            throw Wrong(nameof(options.MaxOutputTokens), $"{options.MaxOutputTokens}", "1 or more");
        }

        var sampling = raw.Sampling;
        return raw with
        {
            MaxTokens = options.MaxOutputTokens ?? raw.MaxTokens,
            Stop = options.StopSequences is { Count: > 0 } stop ? [.. stop] : raw.Stop,
            Constraint = ConstraintOf(options.ResponseFormat) ?? raw.Constraint,
            Sampling = sampling with
            {
                Temperature = AsWritten(options.Temperature) ?? sampling.Temperature,
                TopP = AsWritten(options.TopP) ?? sampling.TopP,
                TopK = options.TopK ?? sampling.TopK,
                PresencePenalty = AsWritten(options.PresencePenalty) ?? sampling.PresencePenalty,
                FrequencyPenalty = AsWritten(options.FrequencyPenalty) ?? sampling.FrequencyPenalty,
                Seed = options.Seed is { } seed ? unchecked((ulong)seed) : sampling.Seed,
            },
        };
    }

    private static GenerationOptions RawOf(ChatOptions options, IChatClient client) =>
        options.RawRepresentationFactory?.Invoke(client) switch
        {
            null => new GenerationOptions(),
            GenerationOptions raw => raw,
            var other => throw Wrong(
                nameof(options.RawRepresentationFactory), other.GetType().Name, nameof(GenerationOptions)),
        };

    private static ToolDefinition ToolOf(AITool tool) => tool is AIFunctionDeclaration function
        ? new ToolDefinition(function.Name, function.Description, function.JsonSchema)
        {
            IsStrict = function.AdditionalProperties.TryGetValue("strict", out object? isStrict) && isStrict is true,
        }
        : throw Refusal(nameof(ChatOptions.Tools), $"'{tool.Name}', a {tool.GetType().Name}", "functions");

    private static string ToolChoiceOf(ChatToolMode? mode) => mode switch
    {
        null or AutoChatToolMode => "auto",
        NoneChatToolMode => "none",
        RequiredChatToolMode required => required.RequiredFunctionName ?? "required",
        _ => throw Refusal(nameof(ChatOptions.ToolMode), mode.GetType().Name, "auto, none or required"),
    };

    private static Constraint? ConstraintOf(ChatResponseFormat? format) => format switch
    {
        null or ChatResponseFormatText => null,
        ChatResponseFormatJson { Schema: { } schema } => OrRefuse(schema.GetRawText()),
        ChatResponseFormatJson => Constraint.JsonObject,
        _ => throw Refusal(nameof(ChatOptions.ResponseFormat), format.GetType().Name, "text or JSON"),
    };

    private static Constraint OrRefuse(string schema)
    {
        try
        {
            return Constraint.JsonSchema(schema);
        }
        catch (ArgumentException exception)
        {
            throw Wrong(nameof(ChatOptions.ResponseFormat), exception.Message);
        }
    }

    // The model's tokenizer says which efforts there are, and the library refuses others.
    private static string? EffortOf(ReasoningOptions? reasoning)
    {
        if (reasoning?.Output == ReasoningOutput.Summary)
        {
            throw Refusal($"{nameof(ChatOptions.Reasoning)}.{nameof(reasoning.Output)}", "Summary", "None or Full");
        }

        return reasoning?.Effort switch
        {
            null => null,
            ReasoningEffort.ExtraHigh => "xhigh",
            var effort => $"{effort}".ToLowerInvariant(),
        };
    }

    // 0.9f is meant as 0.9, which is another number in double. So the same options give the same text everywhere.
    private static double? AsWritten(float? value) => value is { } number
        ? double.Parse(number.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture)
        : null;

    private static NotSupportedException Refusal(string option, string found, string expected) =>
        new($"{nameof(ChatOptions)}.{option}: found {found}, expected {expected}");

    private static ArgumentException Wrong(string option, string found, string expected) =>
        Wrong(option, $"found {found}, expected {expected}");

    private static ArgumentException Wrong(string option, string what) => new($"{nameof(ChatOptions)}.{option}: {what}");
}

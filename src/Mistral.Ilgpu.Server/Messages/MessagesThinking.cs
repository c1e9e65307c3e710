using System.Globalization;
using Mistral.Ilgpu.Server.Answers;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Server.Messages;

/// <summary>Reads how much the model is to think, of <c>/v1/messages</c>.</summary>
internal static class MessagesThinking
{
    // Anthropic's own limit.
    private const int LeastBudget = 1024;

    /// <summary>Requires what Anthropic's API requires.</summary>
    public static void Check(MessagesRequest fields)
    {
        const string Budget = "thinking.budget_tokens";
        if (fields.Thinking is not { } thinking)
        {
            return;
        }

        string? budget = thinking.BudgetTokens?.ToString(CultureInfo.InvariantCulture);
        if (thinking.Type is not ("enabled" or "disabled" or "adaptive"))
        {
            string found = thinking.Type is null ? "nothing" : $"'{thinking.Type}'";
            throw ApiException.Wrong("thinking.type", found, "enabled, disabled or adaptive");
        }

        if (thinking.Type != "enabled")
        {
            if (budget is not null)
            {
                throw ApiException.Wrong(Budget, $"{budget} with type {thinking.Type}", "type enabled, or no budget");
            }
        }
        else if (thinking.BudgetTokens is null or < LeastBudget)
        {
            throw ApiException.Wrong(Budget, budget ?? "nothing", $"a whole number from {LeastBudget}");
        }
        else if (thinking.BudgetTokens >= fields.MaxTokens)
        {
            throw ApiException.Wrong(Budget, budget!, $"less than max_tokens, which is {fields.MaxTokens}");
        }
    }

    /// <summary>The effort that the model is told, where its format has such a word.</summary>
    /// <returns>Null for the model's own.</returns>
    public static string? EffortOf(MessagesRequest fields, TextTokenizer tokenizer)
    {
        string? effort = fields.Thinking?.Type switch
        {
            "enabled" => "high",
            "disabled" => "none",
            _ => null,
        };
        return effort is not null && tokenizer.ReasoningEfforts?.Values.Contains(effort) == true ? effort : null;
    }

    /// <summary>What keeps thinking within its budget.</summary>
    /// <returns>Null where there is none, and where the model's format has no thinking.</returns>
    public static ThinkingLimit? LimitOf(MessagesRequest fields, TextTokenizer tokenizer) => fields.Thinking switch
    {
        { Type: "disabled" } => ThinkingLimit.Of(tokenizer, 0),
        { BudgetTokens: { } budget } => ThinkingLimit.Of(tokenizer, budget),
        _ => null,
    };
}

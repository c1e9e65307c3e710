using System.Text.Json;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Constraints.Calls;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Chat;

/// <summary>The form of answers to a conversation whose calls of functions are limited.</summary>
internal static class CallConstraint
{
    private const string AnyObject = """{"type": "object"}""";

    /// <param name="answer">The form of an answer without calls; null for any.</param>
    /// <returns>The form of the answer; null for any.</returns>
    /// <exception cref="ChatFormatException">The format has no calls, or the schema of a strict tool cannot be
    /// followed.</exception>
    public static Constraint? Of(TextTokenizer tokenizer, ChatSettings settings, Constraint? answer)
    {
        bool isRequired = settings.ToolChoice is not ("auto" or "none");
        bool isLimited = settings.Tools.Any(tool => tool.IsStrict) || !settings.AllowsParallelCalls || answer is not null;
        if (settings.ToolChoice == "none" || settings.Tools.Count == 0 || !(isRequired || isLimited))
        {
            return answer;
        }

        var named = settings.Tools.Where(tool => tool.Name == settings.ToolChoice).ToList();
        CallTool[] tools = [.. (named.Count > 0 ? named : settings.Tools).Select(ToolOf)];
        return Constraint.Of(ConstraintSource.Of(ChatTemplate.For(tokenizer).CallsOf(
            tools, isRequired, settings.AllowsParallelCalls && named.Count == 0, isRequired ? null : answer?.Source)));
    }

    private static CallTool ToolOf(ToolDefinition tool)
    {
        string schema = tool.Parameters.ValueKind == JsonValueKind.Undefined ? AnyObject : tool.Parameters.GetRawText();
        try
        {
            _ = Constraint.JsonSchema(schema);
            return new CallTool(tool.Name, schema);
        }
        catch (ArgumentException exception)
        {
            return tool.IsStrict
                ? throw new ChatFormatException($"tool '{tool.Name}', which is strict: {exception.Message}") { Field = "tools" }
                // Arguments that are not promised to follow the schema need only be some.
                : new CallTool(tool.Name, AnyObject);
        }
    }
}

using Microsoft.Extensions.AI;
using Mistral.Ilgpu.Chat;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>Messages of Microsoft.Extensions.AI as those of the library. Contents that models do not read are refused by
/// name.</summary>
internal static class ConversationMapping
{
    /// <param name="instructions">Are told to the model before all else; null for none.</param>
    public static List<Message> Map(IEnumerable<ChatMessage> messages, string? instructions)
    {
        List<Message> mapped = instructions is null ? [] : [new Message(MessageRole.System, instructions)];
        var names = new Dictionary<string, string>();
        int index = 0;
        foreach (var message in messages)
        {
            var place = new MessagePlace(index++, message.Role);
            if (message.Role == ChatRole.Tool)
            {
                mapped.AddRange(message.Contents.Select(content => ResultOf(content, place, names)));
            }
            else
            {
                mapped.Add(MessageOf(message, place, names));
            }
        }

        return mapped;
    }

    /// <param name="names">Receives the name of each call's function, which some formats tell with its result.</param>
    private static Message MessageOf(ChatMessage message, MessagePlace place, Dictionary<string, string> names)
    {
        bool isAssistant = message.Role == ChatRole.Assistant;
        List<ContentPart> parts = [];
        List<ToolCall> calls = [];
        foreach (var content in message.Contents)
        {
            switch (content)
            {
                // Texts of an answer are pieces of one text. Those of others are texts of their own.
                case TextContent text when isAssistant && parts is [.., { IsThinking: false }]:
                    parts[^1] = new ContentPart(parts[^1].Text + text.Text);
                    break;
                case TextContent text:
                    parts.Add(new ContentPart(text.Text));
                    break;
                case TextReasoningContent { ProtectedData: null } reasoning when isAssistant:
                    parts.Add(new ContentPart(reasoning.Text, IsThinking: true));
                    break;
                case FunctionCallContent call when isAssistant:
                    calls.Add(new ToolCall(call.Name, FunctionJson.ArgumentsOf(call), call.CallId));
                    names[call.CallId] = call.Name;
                    break;
                default:
                    throw place.Refuse(content, isAssistant ? "text, reasoning or calls of functions" : "text");
            }
        }

        return new Message(message.Role.Value, parts is [{ IsThinking: false } only] ? only.Text : "")
        {
            Parts = parts is [{ IsThinking: false }] ? [] : parts,
            ToolCalls = calls,
        };
    }

    private static Message ResultOf(AIContent content, MessagePlace place, Dictionary<string, string> names) =>
        content is FunctionResultContent result
            ? new Message(MessageRole.Tool, FunctionJson.TextOf(result, place))
            {
                ToolCallId = result.CallId, Name = names.GetValueOrDefault(result.CallId),
            }
            : throw place.Refuse(content, "results of functions");
}

namespace Mistral.Ilgpu.Tokenization;

/// <summary>Checks a conversation and brings it to the turns that a format has, as mistral-common does before it
/// encodes.</summary>
internal static class ChatTurns
{
    public const string Separator = "\n\n";

    /// <param name="keepsSystem">Whether system messages stay where they are; else the caller puts them elsewhere.</param>
    /// <param name="sortsResults">Whether results of tools are brought in the order of their calls.</param>
    public static List<ChatMessage> From(IReadOnlyList<ChatMessage> messages, bool keepsSystem, bool sortsResults)
    {
        List<ChatMessage> turns = [];
        IReadOnlyList<ToolCall> calls = [];
        for (var (start, end) = (0, 0); start < messages.Count; start = end)
        {
            var role = messages[start].Role;
            while (end < messages.Count && messages[end].Role == role) end++;
            var run = messages.Take(start..end).ToList();
            switch (role)
            {
                case ChatRole.System:
                    turns.AddRange(keepsSystem ? run : []);
                    break;
                case ChatRole.Tool:
                    turns.AddRange(sortsResults ? run.OrderBy(result => IndexOf(calls, result.ToolCallId)) : run);
                    break;
                default:
                    turns.Add(Join(role, run));
                    calls = role == ChatRole.Assistant ? turns[^1].ToolCalls : calls;
                    break;
            }
        }

        // A conversation opens with the user, who may say nothing.
        if (turns.Count == 0 || (!keepsSystem && turns[0].Role != ChatRole.User))
            turns.Insert(0, new ChatMessage(ChatRole.User, ""));
        return turns;
    }

    public static string JoinTexts(IEnumerable<ChatMessage> messages) =>
        string.Join(Separator, messages.Select(message => message.Content).Where(content => content.Length > 0));

    public static void Validate(IReadOnlyList<ChatMessage> messages, bool continuesLast, bool allowsCallsAndContent)
    {
        if (messages.Count == 0) throw new ChatFormatException("no messages, expected at least one");
        if (messages is [{ Role: ChatRole.Assistant, IsPrefix: false }])
            throw new ChatFormatException("a conversation of one assistant message, expected a user or system message first");
        if (messages[0].Role == ChatRole.Tool) throw new ChatFormatException("message 0 has role Tool, expected another first");
        if (continuesLast && messages[^1].Role != ChatRole.Assistant)
            throw new ChatFormatException($"cannot continue a last message of role {messages[^1].Role}, expected Assistant");
        if (continuesLast && messages[^1].IsPrefix)
            throw new ChatFormatException("a last message that is a prefix and to be continued, expected one of both");

        for (var i = 0; i < messages.Count; i++)
        {
            Validate(messages[i], i, allowsCallsAndContent);
            if (messages[i].IsPrefix && i < messages.Count - 1)
                throw new ChatFormatException($"message {i} is a prefix, expected the last message only");
            if (i > 0 && !MayFollow(messages[i - 1].Role, messages[i].Role))
                throw new ChatFormatException(
                    $"message {i} has role {messages[i].Role} after {messages[i - 1].Role}, "
                    + $"expected {Followers(messages[i - 1].Role)}");
        }
    }

    private static void Validate(ChatMessage message, int i, bool allowsCallsAndContent)
    {
        if (!Enum.IsDefined(message.Role))
            throw new ChatFormatException($"message {i} has role {message.Role}, expected one of ChatRole");
        if (message.Content is null) throw new ChatFormatException($"message {i} has no content, expected text");
        if (message.Role != ChatRole.Assistant) return;
        if (!message.HasContent && message.ToolCalls.Count == 0)
            throw new ChatFormatException($"message {i} of the assistant is empty, expected text");
        if (message.HasContent && message.ToolCalls.Count > 0 && !allowsCallsAndContent)
            throw new ChatFormatException(
                $"message {i} of the assistant has text and tool calls, expected one of both in this chat format");
    }

    private static bool MayFollow(ChatRole before, ChatRole after) => before switch
    {
        ChatRole.System or ChatRole.User => after != ChatRole.Tool,
        ChatRole.Assistant => after != ChatRole.System,
        _ => after is ChatRole.Assistant or ChatRole.Tool,
    };

    private static string Followers(ChatRole before) =>
        string.Join(" or ", Enum.GetValues<ChatRole>().Where(after => MayFollow(before, after)));

    private static int IndexOf(IReadOnlyList<ToolCall> calls, string? id)
    {
        for (var i = 0; i < calls.Count; i++)
        {
            if (calls[i].Id == id) return i;
        }

        return int.MaxValue;
    }

    /// <summary>Neighbours of one role as one turn.</summary>
    private static ChatMessage Join(ChatRole role, List<ChatMessage> run) => new(role, JoinTexts(run))
    {
        Parts = run.Exists(message => message.Parts.Count > 0) ? JoinParts(run) : [],
        ToolCalls = [.. run.SelectMany(message => message.ToolCalls)],
        IsPrefix = run.Exists(message => message.IsPrefix),
    };

    /// <summary>Parts of all messages, neighbours of text joined.</summary>
    private static List<ContentPart> JoinParts(List<ChatMessage> run)
    {
        List<ContentPart> parts = [];
        foreach (var part in
            run.SelectMany(message => message.Parts.Count > 0 ? message.Parts : [new ContentPart(message.Content)]))
        {
            if (!part.IsThinking && part.Text.Length == 0) continue;
            if (!part.IsThinking && parts is [.., { IsThinking: false } last])
                parts[^1] = new ContentPart(last.Text + Separator + part.Text);
            else parts.Add(part);
        }

        return parts;
    }
}

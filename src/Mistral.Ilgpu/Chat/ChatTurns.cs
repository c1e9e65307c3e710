namespace Mistral.Ilgpu.Chat;

/// <summary>Checks a conversation and brings it to the turns that a format has, as mistral-common does before it
/// encodes.</summary>
internal static class ChatTurns
{
    public const string Separator = "\n\n";

    /// <param name="keepsSystem">Whether system messages stay where they are; else the caller puts them elsewhere.</param>
    /// <param name="sortsResults">Whether results of tools are brought in the order of their calls.</param>
    /// <param name="partSeparator">What stands between texts of one message.</param>
    public static List<Message> From(
        IReadOnlyList<Message> messages, bool keepsSystem, bool sortsResults, string partSeparator)
    {
        List<Message> turns = [];
        IReadOnlyList<ToolCall> calls = [];
        for (var (start, end) = (0, 0); start < messages.Count; start = end)
        {
            var role = messages[start].Role;
            while (end < messages.Count && messages[end].Role == role) end++;
            var run = messages.Take(start..end).Select(message => Flatten(message, partSeparator)).ToList();
            switch (role)
            {
                case MessageRole.System:
                    turns.AddRange(keepsSystem ? run : []);
                    break;
                case MessageRole.Tool:
                    turns.AddRange(sortsResults ? run.OrderBy(result => IndexOf(calls, result.ToolCallId)) : run);
                    break;
                default:
                    turns.Add(Join(role, run));
                    calls = role == MessageRole.Assistant ? turns[^1].ToolCalls : calls;
                    break;
            }
        }

        // A conversation opens with the user, who may say nothing.
        if (turns.Count == 0 || (!keepsSystem && turns[0].Role != MessageRole.User))
            turns.Insert(0, new Message(MessageRole.User, ""));
        return turns;
    }

    /// <summary>What all system messages say.</summary>
    /// <param name="partSeparator">What stands between texts of one message.</param>
    public static string JoinSystem(IEnumerable<Message> messages, string partSeparator) => JoinTexts(messages
        .Where(message => message.Role == MessageRole.System)
        .Select(message => Flatten(message, partSeparator))
        .Select(message => message.Parts.Count == 0
            ? message
            : throw new ChatFormatException("thinking in a system message, which this chat format does not have")));

    public static void Validate(IReadOnlyList<Message> messages, bool continuesLast, bool allowsCallsAndContent)
    {
        if (messages.Count == 0) throw new ChatFormatException("no messages, expected at least one");
        if (messages is [{ Role: MessageRole.Assistant, IsPrefix: false }])
            throw new ChatFormatException("a conversation of one assistant message, expected a user or system message first");
        if (messages[0].Role == MessageRole.Tool)
            throw new ChatFormatException("message 0 has role Tool, expected another first");
        if (continuesLast && messages[^1].Role != MessageRole.Assistant)
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

    private static void Validate(Message message, int i, bool allowsCallsAndContent)
    {
        if (!Enum.IsDefined(message.Role))
            throw new ChatFormatException($"message {i} has role {message.Role}, expected one of MessageRole");
        if (message.Content is null) throw new ChatFormatException($"message {i} has no content, expected text");
        if (message.Role is MessageRole.User or MessageRole.Tool && message.Parts.Any(part => part.IsThinking))
            throw new ChatFormatException($"message {i} of role {message.Role} has thinking, expected text");
        if (message.Role != MessageRole.Assistant) return;
        if (!message.HasContent && message.ToolCalls.Count == 0)
            throw new ChatFormatException($"message {i} of the assistant is empty, expected text");
        if (message.HasContent && message.ToolCalls.Count > 0 && !allowsCallsAndContent)
            throw new ChatFormatException(
                $"message {i} of the assistant has text and tool calls, expected one of both in this chat format");
    }

    private static bool MayFollow(MessageRole before, MessageRole after) => before switch
    {
        MessageRole.System or MessageRole.User => after != MessageRole.Tool,
        _ => after != MessageRole.System,
    };

    private static string Followers(MessageRole before) =>
        string.Join(" or ", Enum.GetValues<MessageRole>().Where(after => MayFollow(before, after)));

    private static int IndexOf(IReadOnlyList<ToolCall> calls, string? id)
    {
        for (var i = 0; i < calls.Count; i++)
        {
            if (calls[i].Id == id) return i;
        }

        return int.MaxValue;
    }

    /// <summary>A message whose parts are its content, where all of them are text.</summary>
    private static Message Flatten(Message message, string partSeparator) =>
        message.Parts.Count == 0 ? message
        : message.Parts.Any(part => part.IsThinking) ? message with { Parts = JoinParts(message.Parts, partSeparator) }
        : message with
        {
            Content = string.Join(partSeparator, message.Parts.Select(part => part.Text).Where(text => text.Length > 0)),
            Parts = [],
        };

    private static string JoinTexts(IEnumerable<Message> messages) =>
        string.Join(Separator, messages.Select(message => message.Content).Where(content => content.Length > 0));

    /// <summary>Neighbours of one role as one turn.</summary>
    private static Message Join(MessageRole role, List<Message> run) => new(role, JoinTexts(run))
    {
        Parts = run.Exists(message => message.Parts.Count > 0) ? JoinParts(run) : [],
        ToolCalls = [.. run.SelectMany(message => message.ToolCalls)],
        IsPrefix = run.Exists(message => message.IsPrefix),
    };

    /// <summary>Parts of all messages, neighbours of text joined.</summary>
    private static List<ContentPart> JoinParts(List<Message> run) => JoinParts(
        run.SelectMany(message => message.Parts.Count > 0 ? message.Parts : [new ContentPart(message.Content)]), Separator);

    private static List<ContentPart> JoinParts(IEnumerable<ContentPart> parts, string separator)
    {
        List<ContentPart> joined = [];
        foreach (var part in parts)
        {
            if (!part.IsThinking && part.Text.Length == 0) continue;
            if (!part.IsThinking && joined is [.., { IsThinking: false } last])
                joined[^1] = new ContentPart(last.Text + separator + part.Text);
            else joined.Add(part);
        }

        return joined;
    }
}

namespace Mistral.Ilgpu.Tokenization;

/// <summary>
/// Turns a conversation into the ids that Mistral's Instruct models were trained on, as mistral-common does. What a
/// message says is encoded as text alone: nothing in it becomes a control token.
/// </summary>
public sealed class ChatTemplate
{
    private const string Separator = "\n\n";

    private readonly TextTokenizer _tokenizer;

    private ChatTemplate(TextTokenizer tokenizer) => _tokenizer = tokenizer;

    /// <summary>The template of a version of mistral-common's, of the tokenizer's own if none is named.</summary>
    /// <exception cref="ChatFormatException">The version is not supported, or the tokenizer lacks its control tokens.</exception>
    public static ChatTemplate For(TextTokenizer tokenizer, string? version = null)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        version ??= VersionOf(tokenizer);
        if (version != "v1") throw new ChatFormatException($"chat format '{version}', expected v1");
        if (tokenizer.BosId < 0 || tokenizer.EosId < 0)
            throw new ChatFormatException("a tokenizer without control pieces for start and end, expected both");
        return new ChatTemplate(tokenizer);
    }

    /// <summary>Which version a tokenizer was made for; its control tokens tell.</summary>
    public static string VersionOf(TextTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return tokenizer.DeclaredVersion ?? VersionOf(control => tokenizer.FindControl(control) >= 0);
    }

    /// <summary>Which version has these control tokens.</summary>
    internal static string VersionOf(Func<string, bool> has) =>
        has("[SYSTEM_PROMPT]") ? "v7" : has("[PREFIX]") ? "v3" : has("[INST]") ? "v2" : "v1";

    /// <param name="messages">The conversation, oldest first.</param>
    /// <param name="continuesLast">Whether the last message, of the assistant, is left open for the model to go on with.</param>
    /// <exception cref="ChatFormatException">The conversation is empty or its messages are out of order.</exception>
    public IReadOnlyList<int> Encode(IReadOnlyList<ChatMessage> messages, bool continuesLast = false)
    {
        ArgumentNullException.ThrowIfNull(messages);
        Validate(messages, continuesLast);

        var system = Join(messages.Where(message => message.Role == ChatRole.System));
        var turns = Turns(messages);
        var firstUser = turns.FindIndex(turn => turn.Role == ChatRole.User);
        List<int> ids = [_tokenizer.BosId];
        for (var i = 0; i < turns.Count; i++)
        {
            var content = turns[i].Content;
            if (turns[i].Role == ChatRole.User)
            {
                // [INST] is plain text in v1, encoded together with what it encloses.
                var prefix = i == firstUser && system.Length > 0 ? system + Separator : "";
                ids.AddRange(_tokenizer.EncodeToIds($"[INST] {prefix}{content} [/INST]"));
            }
            else
            {
                ids.AddRange(_tokenizer.EncodeToIds(content));
                if (!continuesLast || i < turns.Count - 1) ids.Add(_tokenizer.EosId);
            }
        }

        return ids;
    }

    private static void Validate(IReadOnlyList<ChatMessage> messages, bool continuesLast)
    {
        if (messages.Count == 0) throw new ChatFormatException("no messages, expected at least one");
        if (messages is [{ Role: ChatRole.Assistant }])
            throw new ChatFormatException("a conversation of one assistant message, expected a user or system message first");
        if (continuesLast && messages[^1].Role != ChatRole.Assistant)
            throw new ChatFormatException($"cannot continue a last message of role {messages[^1].Role}, expected Assistant");

        for (var i = 0; i < messages.Count; i++)
        {
            var (role, content) = messages[i];
            if (!Enum.IsDefined(role)) throw new ChatFormatException($"message {i} has role {role}, expected one of ChatRole");
            if (content is null) throw new ChatFormatException($"message {i} has no content, expected text");
            if (role == ChatRole.Assistant && content.Length == 0)
                throw new ChatFormatException($"message {i} of the assistant is empty, expected text");
            if (role == ChatRole.System && i > 0 && messages[i - 1].Role == ChatRole.Assistant)
                throw new ChatFormatException($"message {i} has role System after Assistant, expected User or Assistant");
        }
    }

    /// <summary>Neighbours of one role are one turn; a conversation opens with the user, who may say nothing.</summary>
    private static List<ChatMessage> Turns(IReadOnlyList<ChatMessage> messages)
    {
        List<ChatMessage> turns = [];
        for (var (start, end) = (0, 0); start < messages.Count; start = end)
        {
            var role = messages[start].Role;
            while (end < messages.Count && messages[end].Role == role) end++;
            if (role != ChatRole.System) turns.Add(new ChatMessage(role, Join(messages.Take(start..end))));
        }

        if (turns.Count == 0 || turns[0].Role != ChatRole.User) turns.Insert(0, new ChatMessage(ChatRole.User, ""));
        return turns;
    }

    private static string Join(IEnumerable<ChatMessage> messages) =>
        string.Join(Separator, messages.Select(message => message.Content).Where(content => content.Length > 0));
}

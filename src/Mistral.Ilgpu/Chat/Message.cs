namespace Mistral.Ilgpu.Chat;

/// <summary>A message of a conversation.</summary>
/// <param name="Role">Who the message is from.</param>
/// <param name="Content">What the message says; of a tool its result. Ignored where <see cref="Parts"/> are given.</param>
public sealed record Message(MessageRole Role, string Content)
{
    /// <summary>A message whose role is given by name, as in <c>new("user", "Hi")</c>.</summary>
    /// <param name="role"><c>system</c> or <c>developer</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
    /// <param name="content">What the message says.</param>
    /// <exception cref="ChatFormatException">The role is another.</exception>
    public Message(string role, string content)
        : this(RoleOf(role), content)
    {
    }

    /// <summary>Content in which text and reasoning alternate.</summary>
    public IReadOnlyList<ContentPart> Parts { get; init; } = [];

    /// <summary>Functions that the assistant calls.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>Which call the result of a tool answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>The function whose result a tool's message is.</summary>
    public string? Name { get; init; }

    /// <summary>Whether the assistant's message is the start of one that the model is to go on with.</summary>
    public bool IsPrefix { get; init; }

    internal bool HasContent => Parts.Count > 0
        ? Parts.Any(part => part.IsThinking || part.Text.Length > 0)
        : Content.Length > 0;

    private static MessageRole RoleOf(string role)
    {
        ArgumentNullException.ThrowIfNull(role);
        return role switch
        {
            "system" or "developer" => MessageRole.System,
            "user" => MessageRole.User,
            "assistant" => MessageRole.Assistant,
            "tool" => MessageRole.Tool,
            _ => throw new ChatFormatException($"found role '{role}', expected system, developer, user, assistant or tool"),
        };
    }
}

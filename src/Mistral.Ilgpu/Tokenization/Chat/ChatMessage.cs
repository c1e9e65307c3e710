using System.Text.Json;

namespace Mistral.Ilgpu.Tokenization;

public enum ChatRole
{
    System,
    User,
    Assistant,
    Tool,
}

/// <param name="Content">What the message says; of a tool its result. Ignored where <see cref="Parts"/> are given.</param>
public sealed record ChatMessage(ChatRole Role, string Content)
{
    /// <summary>Content in which text and thinking alternate.</summary>
    public IReadOnlyList<ContentPart> Parts { get; init; } = [];

    /// <summary>Functions that the assistant calls.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>Which call the result of a tool answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>The function whose result a tool's message is.</summary>
    public string? Name { get; init; }

    /// <summary>Whether the assistant's message is the start of one that the model is to go on with.</summary>
    public bool IsPrefix { get; init; }

    internal bool HasContent => Parts.Count > 0 || Content.Length > 0;
}

/// <param name="IsThinking">Whether it is the model's own reasoning.</param>
/// <param name="IsClosed">Whether a piece of reasoning has come to its end.</param>
public sealed record ContentPart(string Text, bool IsThinking = false, bool IsClosed = true);

/// <param name="Arguments">JSON, as the model wrote it.</param>
public sealed record ToolCall(string Name, string Arguments, string? Id = null);

/// <summary>A function that the model may call.</summary>
/// <param name="Parameters">A JSON schema of its arguments.</param>
public sealed record ToolDefinition(string Name, string Description, JsonElement Parameters);

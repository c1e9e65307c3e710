namespace Mistral.Ilgpu.Tokenization;

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

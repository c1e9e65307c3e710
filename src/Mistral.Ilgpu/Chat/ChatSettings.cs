namespace Mistral.Ilgpu.Chat;

/// <summary>What the model is told besides the messages of a conversation.</summary>
public sealed record ChatSettings
{
    /// <summary>Functions that the model may call.</summary>
    public IReadOnlyList<ToolDefinition> Tools { get; init; } = [];

    /// <summary>
    /// <c>auto</c>: the model calls <see cref="Tools"/> as it sees fit. <c>none</c>: the model is not told of them.
    /// <c>required</c>: it calls one at least. The name of one of them: it calls that one.
    /// </summary>
    public string ToolChoice { get; init; } = "auto";

    /// <summary>Whether one answer may have several calls.</summary>
    public bool AllowsParallelCalls { get; init; } = true;

    /// <summary>
    /// How much the model is to reason before it answers: <c>none</c> or <c>high</c> in the models published so far. Null
    /// leaves it to the model's own default. Formats before v15 have no reasoning effort and refuse one.
    /// </summary>
    public string? ReasoningEffort { get; init; }

    /// <summary>Whether the last message, of the assistant, is left open so that the model goes on with it.</summary>
    public bool ContinuesLast { get; init; }

    internal static ChatSettings Default { get; } = new();
}

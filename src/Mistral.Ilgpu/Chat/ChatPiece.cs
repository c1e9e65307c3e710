namespace Mistral.Ilgpu.Chat;

/// <summary>A piece of the model's answer, in the order that the model writes it. One of the three is set.</summary>
/// <param name="Text">Text of the answer, or the empty string.</param>
/// <param name="Reasoning">The model's reasoning, or the empty string.</param>
/// <param name="Call">A call of a function, whole, or null.</param>
public readonly record struct ChatPiece(string Text, string Reasoning, ToolCall? Call)
{
    /// <summary>A part of a call under way, for those who ask for parts; the whole call follows.</summary>
    internal CallPart? Part { get; init; }
}

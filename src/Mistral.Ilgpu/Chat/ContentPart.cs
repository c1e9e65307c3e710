namespace Mistral.Ilgpu.Chat;

/// <summary>A part of a message's content: text, or the model's reasoning.</summary>
/// <param name="Text">The text or the reasoning.</param>
/// <param name="IsThinking">Whether it is the model's own reasoning.</param>
/// <param name="IsClosed">Whether a piece of reasoning has come to its end.</param>
public sealed record ContentPart(string Text, bool IsThinking = false, bool IsClosed = true);

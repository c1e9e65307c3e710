namespace Mistral.Ilgpu.Server.Completions;

/// <summary>A part of a continuation.</summary>
/// <param name="IsLast">Whether the text ends with it.</param>
internal readonly record struct CompletionPart(string Text, CompletionLogprobs? Logprobs, bool IsLast);

namespace Mistral.Ilgpu.Tokenization;

/// <param name="Arguments">JSON, as the model wrote it.</param>
public sealed record ToolCall(string Name, string Arguments, string? Id = null);

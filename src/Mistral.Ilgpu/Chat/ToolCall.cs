namespace Mistral.Ilgpu.Chat;

/// <summary>A call of a function by the model.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="Arguments">JSON, as the model wrote it.</param>
/// <param name="Id">Names the call, so that a result can answer it: nine letters and digits in Mistral's formats.</param>
public sealed record ToolCall(string Name, string Arguments, string? Id = null);

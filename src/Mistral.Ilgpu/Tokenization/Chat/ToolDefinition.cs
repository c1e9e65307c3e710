using System.Text.Json;

namespace Mistral.Ilgpu.Tokenization;

/// <summary>A function that the model may call.</summary>
/// <param name="Parameters">A JSON schema of its arguments.</param>
public sealed record ToolDefinition(string Name, string Description, JsonElement Parameters);

using System.Text.Json;

namespace Mistral.Ilgpu.Chat;

/// <summary>A function that the model may call.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="Description">What the function does, in words for the model.</param>
/// <param name="Parameters">A JSON schema of its arguments.</param>
public sealed record ToolDefinition(string Name, string Description, JsonElement Parameters)
{
    /// <summary>Whether arguments that are not what <see cref="Parameters"/> describes are never written.</summary>
    public bool IsStrict { get; init; }
}

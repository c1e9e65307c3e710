using System.Text.Json;

namespace Mistral.Ilgpu.Server.Models;

/// <summary>The body of <c>/detokenize</c>.</summary>
internal sealed record DetokenizeRequest
{
    public string? Model { get; init; }

    public JsonElement? Tokens { get; init; }
}

namespace Mistral.Ilgpu.Server.Models;

/// <summary>The text of tokens.</summary>
internal sealed record DetokenizeResponse(string Prompt);

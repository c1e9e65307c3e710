namespace Mistral.Ilgpu.Server.Messages;

/// <summary>Tokens of a conversation.</summary>
internal sealed record TokenCount(int InputTokens);

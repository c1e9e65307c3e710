namespace Mistral.Ilgpu.Server.Models;

/// <summary>What the engine does now.</summary>
/// <param name="Status"><c>ok</c>, or what is wrong.</param>
internal sealed record ServerHealth(string Status, int Running, int Waiting);

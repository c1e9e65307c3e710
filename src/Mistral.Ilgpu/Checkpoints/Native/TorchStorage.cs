namespace Mistral.Ilgpu.Checkpoints.Native;

/// <summary>Elements of one type in an entry of their own.</summary>
internal sealed record TorchStorage(string Type, string Key);

namespace Mistral.Ilgpu.Checkpoints.Native;

/// <summary>A storage: elements of one type in one entry of the zip.</summary>
internal sealed record TorchStorage(string Type, string Key);

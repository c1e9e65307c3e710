namespace Mistral.Ilgpu.PtxMachine;

/// <summary>PTX that the machine does not implement, or that does what hardware forbids or leaves undefined.</summary>
public sealed class PtxException(string message, Exception? inner = null) : Exception(message, inner);

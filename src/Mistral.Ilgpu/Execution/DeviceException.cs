namespace Mistral.Ilgpu.Execution;

/// <summary>A device that is absent, refused or out of memory; the message is one line for people.</summary>
public class DeviceException(string message) : Exception(message);

namespace Mistral.Ilgpu;

/// <summary>A device that is absent, refused or out of memory; the message is one line for people.</summary>
public class DeviceException(string message) : Exception(message)
{
    /// <summary>What the driver said besides, such as its compiler's log; null where it said nothing.</summary>
    public string? Details { get; init; }
}

namespace Mistral.Ilgpu;

/// <summary>A device that is absent, refused, out of memory, or computes wrongly.</summary>
public class DeviceException : MistralException
{
    internal DeviceException(string message)
        : base(message)
    {
    }

    /// <summary>The driver's own words, such as its compiler's log; null where it gave none.</summary>
    public string? Details { get; init; }

    /// <summary>Whether more free memory would have been enough.</summary>
    internal bool IsOutOfMemory { get; init; }
}

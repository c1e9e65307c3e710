using ILGPU.Runtime;

namespace Mistral.Ilgpu.Execution;

/// <summary>A device that is absent, refused or out of memory; the message is one line for people.</summary>
public class DeviceException(string message) : Exception(message)
{
    /// <summary>What the driver said besides, such as its compiler's log; null where it said nothing.</summary>
    public string? Details { get; init; }

    /// <summary>What a failure of the driver was, in one line: the call, where it is known, and the name of the code.</summary>
    public static string Describe(AcceleratorException failure) => OpenClFaults.MessageOf(failure);
}

using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Transfers;

namespace Mistral.Ilgpu.Model;

/// <summary>Host memory for the ints that are copied to the device before a pass and back after it.</summary>
/// <param name="up">The number of ints that are copied to the device.</param>
/// <param name="down">The number of ints that are copied back.</param>
internal sealed class PassInts(ComputeDevice device, int up, int down) : IDisposable
{
    private readonly LockedMemory<int> _memory = new(up + down, device);

    /// <summary>Whether copies run while the host continues.</summary>
    public bool AreLocked => _memory.IsLocked;

    public Span<int> Up => _memory.Span[..up];

    public Span<int> Down => _memory.Span.Slice(up, down);

    public void Dispose() => _memory.Dispose();
}

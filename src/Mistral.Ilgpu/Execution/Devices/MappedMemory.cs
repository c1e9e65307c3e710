namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Device memory that the host writes directly, until it is disposed. Work on the device may then use it.</summary>
/// <param name="unmap">Ends the mapping; null where there is nothing to do.</param>
internal sealed class MappedMemory(nint start, Action? unmap = null) : IDisposable
{
    /// <summary>A part of the memory.</summary>
    /// <param name="at">Its first byte.</param>
    public unsafe Span<byte> Part(long at, int length) => new((byte*)start + at, length);

    public void Dispose() => unmap?.Invoke();
}

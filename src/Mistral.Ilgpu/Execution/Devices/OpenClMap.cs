using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;
using Mistral.Ilgpu.Execution.Drivers;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Maps parts of OpenCL buffers for writing. On a CPU it is the memory that kernels read.</summary>
internal static partial class OpenClMap
{
    // CL_MAP_WRITE_INVALIDATE_REGION: the contents before are not needed.
    private const ulong ForWriting = 4;

    /// <summary>Maps memory when earlier work of the stream has ended, and waits for that.</summary>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    public static MappedMemory Of(string deviceId, AcceleratorStream stream, ArrayView<byte> view)
    {
        nint queue = ((CLStream)stream).CommandQueue;
        nint buffer = ((IArrayView)view).Buffer.NativePtr;
        nint start = Map(
            queue, buffer, isBlocking: 1, ForWriting, (nint)((IContiguousArrayView)view).IndexInBytes, (nint)view.Length, 0, 0, 0,
            out var error);
        return error == CLError.CL_SUCCESS
            // A failure is found by the next call that waits.
            ? new MappedMemory(start, () => _ = Unmap(queue, buffer, start, 0, 0, 0))
            : throw new DeviceException($"device {deviceId} failed: {OpenClFaults.Failure("clEnqueueMapBuffer", error)}");
    }

    [LibraryImport("OpenCL", EntryPoint = "clEnqueueMapBuffer")]
    private static partial nint Map(
        nint queue, nint buffer, uint isBlocking, ulong flags, nint offset, nint size, uint waitCount, nint waitList, nint done,
        out CLError error);

    [LibraryImport("OpenCL", EntryPoint = "clEnqueueUnmapMemObject")]
    private static partial CLError Unmap(
        nint queue, nint buffer, nint start, uint waitCount, nint waitList, nint done);
}

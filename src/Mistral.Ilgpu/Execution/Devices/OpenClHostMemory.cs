using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;
using Mistral.Ilgpu.Execution.Drivers;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>Host memory that kernels of an OpenCL CPU read where it is. It is not copied, and not written.</summary>
internal sealed partial class OpenClHostMemory : MemoryBuffer
{
    // CL_MEM_READ_ONLY and CL_MEM_USE_HOST_PTR.
    private const ulong ReadInPlace = 4 | 8;

    /// <exception cref="DeviceException">The driver refuses.</exception>
    public OpenClHostMemory(CLAccelerator accelerator, string deviceId, nint address, long bytes)
        : base(accelerator, bytes, elementSize: 1)
    {
        NativePtr = Create(accelerator.NativePtr, ReadInPlace, (nint)bytes, address, out var error);
        if (error != CLError.CL_SUCCESS)
        {
            throw new DeviceException($"device {deviceId} failed: {OpenClFaults.Failure("clCreateBuffer", error)}");
        }
    }

    protected override void MemSet(AcceleratorStream stream, byte value, in ArrayView<byte> targetView) =>
        throw new NotSupportedException();

    protected override void CopyFrom(
        AcceleratorStream stream, in ArrayView<byte> sourceView, in ArrayView<byte> targetView) =>
        throw new NotSupportedException();

    protected override void CopyTo(
        AcceleratorStream stream, in ArrayView<byte> sourceView, in ArrayView<byte> targetView) =>
        throw new NotSupportedException();

    protected override void DisposeAcceleratorObject(bool disposing)
    {
        if (NativePtr != 0)
        {
            _ = Release(NativePtr);
            NativePtr = 0;
        }
    }

    [LibraryImport("OpenCL", EntryPoint = "clCreateBuffer")]
    private static partial nint Create(nint context, ulong flags, nint size, nint host, out CLError error);

    [LibraryImport("OpenCL", EntryPoint = "clReleaseMemObject")]
    private static partial CLError Release(nint buffer);
}

using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>
/// Page-locks host memory until disposed, so that a CUDA device can copy from it asynchronously. Calls the driver directly.
/// ILGPU keeps the object of a refused lock, and then fails when the accelerator is disposed.
/// </summary>
internal sealed partial class CudaPageLock : IDisposable
{
    // CU_MEMHOSTREGISTER_PORTABLE
    private const uint ForAllContexts = 1;

    private readonly CudaAccelerator _accelerator;
    private readonly nint _start;

    private CudaPageLock(CudaAccelerator accelerator, nint start) => (_accelerator, _start) = (accelerator, start);

    /// <summary>Locks pinned memory, or returns null and the driver's reason.</summary>
    public static CudaPageLock? TryLock(CudaAccelerator accelerator, nint start, long bytes, out string? refusal)
    {
        // The driver uses the thread's current device, and ILGPU unbinds it after other calls.
        accelerator.Bind();
        int error = HostRegister(start, (nuint)bytes, ForAllContexts);
        refusal = error == 0
            ? null : $"cuMemHostRegister failed: {CudaAPI.CurrentAPI.GetErrorString((CudaError)error)} ({error})";
        return error == 0 ? new CudaPageLock(accelerator, start) : null;
    }

    /// <exception cref="CudaException">The driver refuses, because a copy of the memory is running.</exception>
    public void Dispose()
    {
        _accelerator.Bind();
        CudaException.ThrowIfFailed((CudaError)HostUnregister(_start));
    }

    [LibraryImport("cuda", EntryPoint = "cuMemHostRegister_v2")]
    private static partial int HostRegister(nint start, nuint bytes, uint flags);

    [LibraryImport("cuda", EntryPoint = "cuMemHostUnregister")]
    private static partial int HostUnregister(nint start);
}

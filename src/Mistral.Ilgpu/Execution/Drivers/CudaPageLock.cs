using System.Runtime.InteropServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>
/// Host memory that a CUDA device copies from by itself, until this is disposed. By the driver's own functions: of a lock that is
/// refused ILGPU keeps the object, and fails at the end of the accelerator.
/// </summary>
internal sealed partial class CudaPageLock : IDisposable
{
    // CU_MEMHOSTREGISTER_PORTABLE
    private const uint ForAllContexts = 1;

    private readonly CudaAccelerator _accelerator;
    private readonly nint _start;

    private CudaPageLock(CudaAccelerator accelerator, nint start) => (_accelerator, _start) = (accelerator, start);

    /// <summary>Locks pinned memory, or says why the driver does not.</summary>
    public static CudaPageLock? TryLock(CudaAccelerator accelerator, nint start, long bytes, out string? refusal)
    {
        // The driver takes the device from the thread, and ILGPU unbinds it after other calls.
        accelerator.Bind();
        int error = HostRegister(start, (nuint)bytes, ForAllContexts);
        refusal = error == 0
            ? null : $"cuMemHostRegister failed: {CudaAPI.CurrentAPI.GetErrorString((CudaError)error)} ({error})";
        return error == 0 ? new CudaPageLock(accelerator, start) : null;
    }

    /// <exception cref="CudaException">The driver refuses: a copy of the memory is under way.</exception>
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

using System.Runtime.InteropServices;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>An event of the CUDA driver, by direct calls, because ILGPU does not let a stream wait for one.</summary>
internal sealed partial class CudaEvent : DeviceEvent
{
    // CU_EVENT_DISABLE_TIMING
    private const uint WithoutTime = 2;

    private readonly CudaAccelerator _accelerator;
    private nint _handle;

    public CudaEvent(CudaAccelerator accelerator)
    {
        _accelerator = accelerator;
        accelerator.Bind();
        Check(Create(out _handle, WithoutTime));
    }

    public override void Record(AcceleratorStream stream)
    {
        _accelerator.Bind();
        Check(Record(_handle, ((CudaStream)stream).StreamPtr));
    }

    public override void Order(AcceleratorStream stream)
    {
        _accelerator.Bind();
        Check(Await(((CudaStream)stream).StreamPtr, _handle, flags: 0));
    }

    public override void Wait()
    {
        _accelerator.Bind();
        Check(Synchronize(_handle));
    }

    public override void Dispose()
    {
        if (_handle != 0)
        {
            _accelerator.Bind();
            _ = Destroy(_handle);
            _handle = 0;
        }
    }

    private static void Check(int error) => CudaException.ThrowIfFailed((CudaError)error);

    [LibraryImport("cuda", EntryPoint = "cuEventCreate")]
    private static partial int Create(out nint handle, uint flags);

    [LibraryImport("cuda", EntryPoint = "cuEventRecord")]
    private static partial int Record(nint handle, nint stream);

    [LibraryImport("cuda", EntryPoint = "cuStreamWaitEvent")]
    private static partial int Await(nint stream, nint handle, uint flags);

    [LibraryImport("cuda", EntryPoint = "cuEventSynchronize")]
    private static partial int Synchronize(nint handle);

    [LibraryImport("cuda", EntryPoint = "cuEventDestroy_v2")]
    private static partial int Destroy(nint handle);
}

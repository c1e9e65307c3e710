using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;
using Mistral.Ilgpu.Execution.Drivers;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>An event of an OpenCL marker command, for which barriers of other queues wait.</summary>
internal sealed unsafe partial class OpenClEvent(string deviceId) : DeviceEvent
{
    private nint _marker;

    public override void Record(AcceleratorStream stream)
    {
        nint queue = ((CLStream)stream).CommandQueue;
        Check(EnqueueMarker(queue, 0, null, out nint marker));
        Forget();
        _marker = marker;
        // Another queue may only wait for commands that were flushed.
        Check(Flush(queue));
    }

    public override void Order(AcceleratorStream stream)
    {
        if (_marker != 0)
        {
            nint marker = _marker;
            Check(EnqueueBarrier(((CLStream)stream).CommandQueue, 1, &marker, null));
        }
    }

    public override void Wait()
    {
        if (_marker != 0)
        {
            nint marker = _marker;
            Check(WaitForEvents(1, &marker));
        }
    }

    public override void Dispose() => Forget();

    private void Forget()
    {
        if (_marker != 0)
        {
            _ = ReleaseEvent(_marker);
            _marker = 0;
        }
    }

    private void Check(CLError error, [CallerArgumentExpression(nameof(error))] string call = "")
    {
        if (error != CLError.CL_SUCCESS)
        {
            throw new DeviceException(
                $"device {deviceId} failed: {OpenClFaults.Failure($"cl{call[..call.IndexOf('(')]}", error)}");
        }
    }

    [LibraryImport("OpenCL", EntryPoint = "clEnqueueMarkerWithWaitList")]
    private static partial CLError EnqueueMarker(nint queue, uint waitCount, nint* waitList, out nint marker);

    [LibraryImport("OpenCL", EntryPoint = "clEnqueueBarrierWithWaitList")]
    private static partial CLError EnqueueBarrier(nint queue, uint waitCount, nint* waitList, nint* done);

    [LibraryImport("OpenCL", EntryPoint = "clWaitForEvents")]
    private static partial CLError WaitForEvents(uint count, nint* events);

    [LibraryImport("OpenCL", EntryPoint = "clFlush")]
    private static partial CLError Flush(nint queue);

    [LibraryImport("OpenCL", EntryPoint = "clReleaseEvent")]
    private static partial CLError ReleaseEvent(nint marker);
}

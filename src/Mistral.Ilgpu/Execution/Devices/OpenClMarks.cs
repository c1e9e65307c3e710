using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU.Runtime.OpenCL;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// Time stamps by OpenCL's marker commands. ILGPU's own marker waits for each command, so the times would include the wait.
/// </summary>
internal sealed partial class OpenClMarks(ComputeDevice device) : StreamMarks
{
    private readonly nint _queue = ((CLStream)device.Stream).CommandQueue;
    private readonly List<nint> _events = [];

    public override void Mark()
    {
        Check(EnqueueMarker(_queue, 0, 0, out nint marker));
        _events.Add(marker);
    }

    public override void Dispose() => _events.ForEach(marker => _ = ReleaseEvent(marker));

    public override TimeSpan[] Read()
    {
        device.Synchronize();
        var times = _events.Select(marker =>
        {
            Check(GetEventProfilingInfo(
                marker, (uint)CLProfilingInfo.CL_PROFILING_COMMAND_END, sizeof(ulong), out ulong nanoseconds, 0));
            Check(ReleaseEvent(marker));
            return TimeSpan.FromMicroseconds(nanoseconds / 1e3);
        }).ToArray();
        _events.Clear();
        return times;
    }

    private static void Check(CLError error, [CallerArgumentExpression(nameof(error))] string call = "")
    {
        if (error != CLError.CL_SUCCESS)
        {
            throw new DeviceException($"the OpenCL driver reports no times: {call[..call.IndexOf('(')]} returned {error}");
        }
    }

    [LibraryImport("OpenCL", EntryPoint = "clEnqueueMarkerWithWaitList")]
    private static partial CLError EnqueueMarker(nint queue, uint waitCount, nint waitList, out nint marker);

    [LibraryImport("OpenCL", EntryPoint = "clGetEventProfilingInfo")]
    private static partial CLError GetEventProfilingInfo(nint marker, uint name, nint size, out ulong value, nint sizeReturned);

    [LibraryImport("OpenCL", EntryPoint = "clReleaseEvent")]
    private static partial CLError ReleaseEvent(nint marker);
}

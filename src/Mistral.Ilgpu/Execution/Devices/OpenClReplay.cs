using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;
using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// A kernel whose arguments never change, launched through a clone of the driver's object that keeps them.
/// Setting every argument again takes the host longer than many kernels run. If the driver cannot clone, every launch sets them.
/// </summary>
internal sealed partial class OpenClReplay(
    ComputeDevice device, CLStream stream, Type kernel, Func<Kernel> kernelOf, Action<KernelConfig> launch) : IDisposable
{
    private nint _copy;
    private bool _isBegun;

    public unsafe void Launch(KernelConfig shape)
    {
        if (_copy != 0)
        {
            nint* global = stackalloc nint[]
            {
                shape.GridDim.X * shape.GroupDim.X, shape.GridDim.Y * shape.GroupDim.Y, shape.GridDim.Z * shape.GroupDim.Z,
            };
            nint* local = stackalloc nint[] { shape.GroupDim.X, shape.GroupDim.Y, shape.GroupDim.Z };
            var error = Enqueue(stream.CommandQueue, _copy, 3, null, global, local, 0, null, null);
            if (error != CLError.CL_SUCCESS)
            {
                throw OpenClFaults.OfLaunch(device.Info.Id, new KernelForm(kernel).Name, error);
            }

            return;
        }

        launch(shape);
        if (!_isBegun)
        {
            _isBegun = true;
            // The clone contains the arguments that this launch has set.
            _copy = Clone(((CLKernel)kernelOf()).KernelPtr, out var error);
            _copy = error == CLError.CL_SUCCESS ? _copy : 0;
        }
    }

    public void Dispose()
    {
        if (_copy != 0)
        {
            _ = Release(_copy);
            _copy = 0;
        }
    }

    [LibraryImport("OpenCL", EntryPoint = "clCloneKernel")]
    private static partial nint Clone(nint kernel, out CLError error);

    [LibraryImport("OpenCL", EntryPoint = "clReleaseKernel")]
    private static partial CLError Release(nint kernel);

    [LibraryImport("OpenCL", EntryPoint = "clEnqueueNDRangeKernel")]
    private static unsafe partial CLError Enqueue(
        nint queue, nint kernel, uint dimensions, nint* offset, nint* global, nint* local, uint waitCount, nint* waitList,
        nint* done);
}

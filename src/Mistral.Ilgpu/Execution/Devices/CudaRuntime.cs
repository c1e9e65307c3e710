using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Drivers;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>The runtime of CUDA devices.</summary>
internal sealed class CudaRuntime : DeviceRuntime
{
    private readonly CudaAccelerator _accelerator;

    public CudaRuntime(CudaAccelerator accelerator, DeviceInfo info, CompiledKernels kernels)
        : base(accelerator, kernels)
    {
        _accelerator = accelerator;
        // A graph cannot be captured from the default stream.
        var stream = (CudaStream)accelerator.CreateStream();
        Stream = stream;
        bool beginsEarly = info.CudaArchitecture >= PtxTarget.Hopper && !info.Without.HasFlag(DeviceFeatures.EarlyKernels);
        Graphs = new CudaGraphDriver(stream, beginsEarly ? kernels.MayBeginEarly : null);
    }

    public override AcceleratorStream Stream { get; }

    public override IGraphDriver Graphs { get; }

    public override long? FreeBytes => _accelerator.GetFreeMemory();

    public override bool CopiesMeanwhile => true;

    public override IDisposable? LockPages(nint start, long bytes, out string? refusal) =>
        CudaPageLock.TryLock(_accelerator, start, bytes, out refusal);

    public override DeviceEvent NewEvent(DeviceInfo device) => new CudaEvent(_accelerator);

    public override StreamMarks NewMarks(ComputeDevice device) => new CudaMarks(device);
}

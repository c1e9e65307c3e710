using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>ILGPU's CPU accelerator.</summary>
internal sealed class CpuRuntime : DeviceRuntime
{
    private readonly CpuLaunches _launches;
    private readonly ZeroedMemory _memory = new();

    public CpuRuntime(CPUAccelerator accelerator, DeviceInfo info)
        : this(accelerator, info, new CpuKernelLoader(accelerator))
    {
    }

    private CpuRuntime(CPUAccelerator accelerator, DeviceInfo info, CpuKernelLoader loader)
        : base(accelerator, loader) => _launches = new CpuLaunches(accelerator, loader, info.MaxGroupSize);

    public override CpuLaunches Gathering => _launches;

    public override bool IsHostMemory => true;

    public override bool LoadsAtOnce => true;

    public override (ArrayView<T> View, IDisposable Owner, bool IsZeroed) Allocate<T>(long length)
    {
        var (address, owner) = _memory.Allocate(length * Interop.SizeOf<T>());
        var buffer = CPUMemoryBuffer.Create(Accelerator, address, length, Interop.SizeOf<T>());
        return (buffer.AsArrayView<T>(0, length), owner, true);
    }

    public override MemoryBuffer InPlace(DeviceInfo device, nint address, long bytes) =>
        CPUMemoryBuffer.Create(Accelerator, address, bytes, elementSize: 1);

    public override DeviceEvent NewEvent(DeviceInfo device) => new HostEvent();

    // Everything has ended when its call returns.
    public override AcceleratorStream NewStream() => Stream;

    public override StreamMarks NewMarks(ComputeDevice device) => new HostMarks();

    public override void Launch<TKernel>(ComputeDevice device, KernelConfig shape, in TKernel kernel) =>
        device.Bind(kernel)(shape);

    // Groups of other shapes are launched by ILGPU.
    public override Action<KernelConfig> Bind<TKernel>(ComputeDevice device, TKernel kernel, BoundLaunches owner) =>
        _launches.Bind(kernel, shape => device.Load<TKernel>()(Stream, shape, kernel));

    public override void Dispose()
    {
        _launches.Dispose();
        _memory.Dispose();
        base.Dispose();
    }
}

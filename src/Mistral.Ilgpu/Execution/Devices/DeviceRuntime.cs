using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// The operations that differ between programming interfaces: opening a stream, launching kernels, sharing memory with the host.
/// Owns the accelerator.
/// </summary>
internal abstract class DeviceRuntime(Accelerator accelerator, IKernelLoader loader) : IDisposable
{
    public Accelerator Accelerator { get; } = accelerator;

    public IKernelLoader Loader { get; } = loader;

    /// <summary>The in-order stream that every step runs on.</summary>
    public virtual AcceleratorStream Stream => Accelerator.DefaultStream;

    /// <summary>Records the launches on <see cref="Stream"/>; null if that is not supported.</summary>
    public virtual IGraphDriver? Graphs => null;

    /// <summary>Runs many launches as one; null if that is not supported.</summary>
    public virtual CpuLaunches? Gathering => null;

    /// <summary>What the device's compiler accepts for waves.</summary>
    public virtual WaveFeatures Waves => WaveFeatures.None;

    /// <summary>Bytes of the device's memory that nobody uses; null if the driver does not tell.</summary>
    public virtual long? FreeBytes => null;

    /// <summary>Whether device memory is host memory.</summary>
    public virtual bool IsHostMemory => false;

    /// <summary>Whether copies from page-locked memory run while the host continues.</summary>
    public virtual bool CopiesMeanwhile => false;

    /// <summary>Whether loading a kernel takes no time, so that loading concurrently gains nothing.</summary>
    public virtual bool LoadsAtOnce => false;

    /// <summary>Whether the driver may compile machine code at a kernel's first launch.</summary>
    public virtual bool CompilesAtFirstLaunch => false;

    /// <summary>Allocates device memory.</summary>
    /// <returns>The memory, its owner, and whether it is filled with zeros.</returns>
    public virtual (ArrayView<T> View, IDisposable Owner, bool IsZeroed) Allocate<T>(long length)
        where T : unmanaged
    {
        var buffer = Accelerator.Allocate1D<T>(length);
        return (buffer.View, buffer, false);
    }

    /// <summary>Page-locks pinned host memory for copies; null if it is refused or has no benefit.</summary>
    /// <param name="refusal">The reason of a refusal, for people; null if there is none.</param>
    public virtual IDisposable? LockPages(nint start, long bytes, out string? refusal)
    {
        refusal = null;
        return null;
    }

    /// <summary>See <see cref="ComputeDevice.InPlace"/>.</summary>
    public virtual MemoryBuffer InPlace(DeviceInfo device, nint address, long bytes) =>
        throw new NotSupportedException($"device {device.Id} does not compute in the host's memory");

    public abstract DeviceEvent NewEvent(DeviceInfo device);

    public virtual AcceleratorStream NewStream() => Accelerator.CreateStream();

    /// <summary>Creates time stamps on the stream.</summary>
    public abstract StreamMarks NewMarks(ComputeDevice device);

    public virtual void Launch<TKernel>(ComputeDevice device, KernelConfig shape, in TKernel kernel)
        where TKernel : struct, IKernel
    {
        device.Load<TKernel>()(Stream, shape, kernel);
        device.Watch?.OnLaunched(typeof(TKernel), device.Synchronize);
    }

    /// <summary>Creates the launcher of a kernel whose arguments never change.</summary>
    /// <param name="owner">Owns the driver's objects of the launcher.</param>
    public virtual Action<KernelConfig> Bind<TKernel>(ComputeDevice device, TKernel kernel, BoundLaunches owner)
        where TKernel : struct, IKernel
    {
        var launch = device.Load<TKernel>();
        return shape => launch(Stream, shape, kernel);
    }

    /// <summary>Waits until all launched work is done.</summary>
    public virtual void Synchronize(DeviceInfo device) => Stream.Synchronize();

    public virtual void Dispose()
    {
        (Loader as IDisposable)?.Dispose();
        Accelerator.Dispose();
    }
}

using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// What each programming interface does in its own way: how a stream is opened, kernels are launched, and memory is shared with
/// the host. Owns the accelerator.
/// </summary>
internal abstract class DeviceRuntime(Accelerator accelerator, IKernelLoader loader) : IDisposable
{
    public Accelerator Accelerator { get; } = accelerator;

    public IKernelLoader Loader { get; } = loader;

    /// <summary>The stream that every step runs on, in order.</summary>
    public virtual AcceleratorStream Stream => Accelerator.DefaultStream;

    /// <summary>Records the launches on <see cref="Stream"/>; null where it cannot.</summary>
    public virtual IGraphDriver? Graphs => null;

    /// <summary>Runs many launches as one; null where it cannot.</summary>
    public virtual CpuLaunches? Gathering => null;

    /// <summary>Whether the device's memory is the host's.</summary>
    public virtual bool IsHostMemory => false;

    /// <summary>Whether a copy from page-locked memory goes on while the host does something else.</summary>
    public virtual bool CopiesMeanwhile => false;

    /// <summary>Whether a kernel is loaded in no time, so that nothing is gained by loading it beside others.</summary>
    public virtual bool LoadsAtOnce => false;

    /// <summary>Whether machine code may be made at a kernel's first launch.</summary>
    public virtual bool CompilesAtFirstLaunch => false;

    /// <summary>Prepares memory that was just allocated.</summary>
    public virtual void Prepare(nint address, long bytes)
    {
    }

    /// <summary>Keeps pinned host memory in its place for copies; null where that is no use, or is refused.</summary>
    /// <param name="refusal">Why it is refused, in words; null where it is not.</param>
    public virtual IDisposable? LockPages(nint start, long bytes, out string? refusal)
    {
        refusal = null;
        return null;
    }

    /// <summary>Stamps of its own clock on the stream.</summary>
    public abstract StreamMarks NewMarks(ComputeDevice device);

    public virtual void Launch<TKernel>(ComputeDevice device, KernelConfig shape, in TKernel kernel)
        where TKernel : struct, IKernel
    {
        device.Load<TKernel>()(Stream, shape, kernel);
        device.Watch?.OnLaunched(typeof(TKernel), device.Synchronize);
    }

    /// <summary>A launcher of a kernel whose arguments never change.</summary>
    /// <param name="owner">Of what the driver keeps for it.</param>
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

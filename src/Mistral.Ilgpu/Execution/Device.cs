using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Observability;

namespace Mistral.Ilgpu.Execution;

/// <summary>
/// An opened device: owns ILGPU's context and accelerator, counts the memory it hands out, and keeps each compiled kernel.
/// For one thread at a time: OpenCL sets the arguments of a kernel that all its launches share.
/// </summary>
public sealed partial class Device : IDisposable
{
    private readonly Context _context;
    private readonly ConcurrentDictionary<Type, Delegate> _kernels = [];
    private readonly CpuLaunches? _cpuLaunches;
    private readonly HashSet<string> _passedTests = [];
    private readonly BoundLaunches _launches = new();
    private readonly List<Lazy<Action<KernelConfig>>> _boundSoon = [];
    private readonly Meter _meter = Telemetry.CreateMeter();

    private readonly IKernelLoader _loader;

    private Device(Context context, DeviceInfo info, Accelerator accelerator, long? memoryLimit, IKernelLoader loader)
    {
        _context = context;
        _loader = loader;
        Info = info;
        Accelerator = accelerator;
        // What is launched on CUDA's default stream cannot be recorded.
        Stream = accelerator is CudaAccelerator ? accelerator.CreateStream() : accelerator.DefaultStream;
        Graphs = Stream is CudaStream stream ? new CudaGraphDriver(stream, BeginsKernelsEarly(info) ? ((CompiledKernels)loader).MayBeginEarly : null) : null;
        Warpgroups = WarpgroupProducts.For(this);
        _memoryLimit = Math.Min(memoryLimit ?? long.MaxValue, info.MemoryBytes);
        if (loader is CpuKernelLoader cpu)
        {
            _cpuLaunches = new CpuLaunches((CPUAccelerator)accelerator, cpu, info.MaxGroupSize);
        }

        var tag = new KeyValuePair<string, object?>("mistral.device", info.Id);
        _meter.CreateObservableUpDownCounter("mistral.device.memory.usage", () => new Measurement<long>(AllocatedBytes, tag), "By", "Device memory handed out.");
        _meter.CreateObservableUpDownCounter("mistral.device.memory.limit", () => new Measurement<long>(_memoryLimit, tag), "By", "Device memory that may be handed out.");
    }

    public DeviceInfo Info { get; }

    public Accelerator Accelerator { get; }

    /// <summary>The stream that every step runs on, in order.</summary>
    public AcceleratorStream Stream { get; }

    private static bool BeginsKernelsEarly(DeviceInfo info) =>
        info.CudaArchitecture >= PtxTarget.Hopper && !info.Without.HasFlag(DeviceFeatures.EarlyKernels);

    /// <summary>Records the launches on <see cref="Stream"/>, where the device can.</summary>
    internal IGraphDriver? Graphs { get; }

    /// <summary>Products by warpgroups; null where the device has none.</summary>
    internal WarpgroupProducts? Warpgroups { get; }

    /// <summary>Why it computes slower than it might, in words; null where it does not.</summary>
    public string? Drawback =>
        string.Join("; ", new[] { Warpgroups?.Drawback, _pageLockRefusal }.OfType<string>()) is { Length: > 0 } drawbacks ? drawbacks : null;

    /// <summary>What was measured of it, see <see cref="Families.Gpu"/>; null before.</summary>
    internal int? ReductionGroup { get; set; }

    /// <summary>Launchers whose owner is the device.</summary>
    internal int OwnLaunches => _launches.Count;

    /// <summary>Opens the device that <paramref name="request"/> names.</summary>
    /// <param name="request"><c>auto</c>, <c>cpu</c>, <c>opencl[:N]</c> or <c>cuda[:N]</c>.</param>
    /// <exception cref="DeviceException">The device is absent or cannot be opened.</exception>
    public static Device Open(string request = "auto", DeviceOptions? options = null)
    {
        options ??= new DeviceOptions();
        int? threads = options.Threads;
        var context = DeviceCatalog.CreateContext(threads, options.IsTimed, DeviceCatalog.KindOf(request));
        try
        {
            var found = DeviceCatalog.Describe(context, threads).ToList();
            var info = DeviceCatalog.Find([.. found.Select(entry => entry.Info)], request)
                // Absent: says so beside all that there are.
                ?? DeviceCatalog.Choose(DeviceCatalog.List(threads), request);
            var device = found.First(entry => entry.Info == info).Device;
            info = info with { ForcedFamily = options.Family, Without = options.Without };
            DeviceCatalog.Admit(device);
            if (device is CPUDevice host)
            {
                var cpu = host.CreateCPUAccelerator(context, CPUAcceleratorMode.Parallel);
                return new Device(context, info, cpu, options.MemoryLimit, new CpuKernelLoader(cpu));
            }

            var accelerator = device.CreateAccelerator(context);
            return new Device(context, info, accelerator, options.MemoryLimit, new CompiledKernels(context, accelerator, CompiledKernels.DefaultFolder));
        }
        catch (Exception exception)
        {
            context.Dispose();
            throw exception as DeviceException
                ?? new DeviceException($"device '{request}' could not be opened: {OpenClFaults.MessageOf(exception)}");
        }
    }

    /// <summary>Launches a kernel on <see cref="Stream"/>, compiling it at its first use.</summary>
    public void Launch<TKernel>(KernelConfig shape, in TKernel kernel)
        where TKernel : struct, IKernel
    {
        if (_cpuLaunches is null)
        {
            Launch(Load<TKernel>(), shape, kernel);
        }
        else
        {
            Bind(kernel)(shape);
        }
    }

    private void Launch<TKernel>(Action<AcceleratorStream, KernelConfig, TKernel> launch, KernelConfig shape, in TKernel kernel)
        where TKernel : struct, IKernel
    {
        try
        {
            launch(Stream, shape, kernel);
        }
        catch (CLException exception)
        {
            throw OpenClFaults.OfLaunch(Info, new KernelForm(typeof(TKernel)).Name, exception.Error);
        }

        Watch?.OnLaunched(typeof(TKernel), this);
    }

    /// <summary>A launcher of a kernel whose arguments never change, compiled now. Launching allocates nothing.</summary>
    public Action<KernelConfig> Bind<TKernel>(TKernel kernel)
        where TKernel : struct, IKernel => Bind(kernel, _launches);

    /// <param name="owner">The launcher may not be used after it.</param>
    internal Action<KernelConfig> Bind<TKernel>(TKernel kernel, BoundLaunches owner)
        where TKernel : struct, IKernel
    {
        if (_cpuLaunches is { } launches)
        {
            // Groups of other shapes are launched as ILGPU does it.
            return launches.Bind(kernel, shape => Load<TKernel>()(Stream, shape, kernel));
        }

        var launch = Load<TKernel>();
        if (Stream is not CLStream stream)
        {
            return shape => launch(Stream, shape, kernel);
        }

        var replay = new OpenClReplay(this, stream, typeof(TKernel), launch.GetKernel, shape => Launch(launch, shape, kernel));
        owner.Add(replay);
        return replay.Launch;
    }

    /// <summary>As <see cref="Bind"/>, but compiling goes on beside what else is bound, until <see cref="LoadBound"/> or the
    /// first launch.</summary>
    internal Action<KernelConfig> BindSoon<TKernel>(TKernel kernel, BoundLaunches? owner)
        where TKernel : struct, IKernel
    {
        if (_cpuLaunches is not null)
        {
            return Bind(kernel, owner ?? _launches);
        }

        if (!_kernels.ContainsKey(typeof(TKernel)))
        {
            _loader.Prepare<TKernel>();
        }

        var bound = new Lazy<Action<KernelConfig>>(() => Bind(kernel, owner ?? _launches));
        _boundSoon.Add(bound);
        return shape => bound.Value(shape);
    }

    /// <summary>The launcher of a kernel, compiled at its first use and kept.</summary>
    public Action<AcceleratorStream, KernelConfig, TKernel> Load<TKernel>()
        where TKernel : struct, IKernel =>
        (Action<AcceleratorStream, KernelConfig, TKernel>)_kernels.GetOrAdd(
            typeof(TKernel), static (_, loader) => loader.Load<TKernel>(), _loader);

    /// <summary>Runs <paramref name="launches"/>, whose kernels a device that pays for each launch runs as one.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, between two kernels of those that were run as one.</exception>
    public void Together(Action launches, CancellationToken cancellation = default)
    {
        if (_cpuLaunches is { } gathered)
        {
            gathered.Together(launches, cancellation);
        }
        else
        {
            launches();
        }
    }

    /// <summary>Runs <paramref name="test"/> unless this device has passed the test of that name.</summary>
    public void TestOnce(string name, Action test)
    {
        if (!_passedTests.Contains(name))
        {
            test();
            _passedTests.Add(name);
        }
    }

    /// <summary>Does without products by warpgroups from now on; what has been tested is to be tested again.</summary>
    /// <returns>Whether that changes anything.</returns>
    internal bool LeaveWarpgroupsOut(string reason)
    {
        if (Warpgroups?.TurnOff(reason) != true)
        {
            return false;
        }

        _passedTests.Clear();
        // They may be such products.
        _boundSoon.Clear();
        return true;
    }

    /// <summary>Waits until all launched work is done.</summary>
    public void Synchronize()
    {
        try
        {
            Stream.Synchronize();
        }
        catch (CLException exception)
        {
            throw new DeviceException($"device {Info.Id} failed: {OpenClFaults.MessageOf(exception)}");
        }
    }

    public void Dispose()
    {
        _meter.Dispose();
        _launches.Dispose();
        _cpuLaunches?.Dispose();
        (_loader as IDisposable)?.Dispose();
        Accelerator.Dispose();
        _context.Dispose();
    }
}

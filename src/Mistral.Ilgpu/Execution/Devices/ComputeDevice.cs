using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Drivers;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Observability;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// An opened device. Owns ILGPU's context and accelerator, accounts for the memory that it allocates, and caches compiled
/// kernels. Launches are for one thread at a time, because those of an OpenCL kernel share the arguments that are set on it:
/// whoever launches calls <see cref="Hold"/> first.
/// </summary>
internal sealed partial class ComputeDevice : IDisposable
{
    private readonly Context _context;
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<Type, Delegate> _kernels = [];
    private readonly DeviceRuntime _runtime;
    private readonly ConcurrentDictionary<Type, object?> _rooms = [];
    private readonly HashSet<string> _passedTests = [];
    private readonly List<string> _drawbacks = [];
    private readonly BoundLaunches _launches = new();
    private readonly List<Lazy<Action<KernelConfig>>> _boundSoon = [];
    private readonly Meter _meter = Telemetry.CreateMeter();

    private ComputeDevice(Context context, DeviceInfo info, DeviceRuntime runtime, DeviceOptions options)
    {
        _context = context;
        _runtime = runtime;
        Info = info;
        _held = options.HeldOn?.Invoke(info.Id) ?? 0;
        // What other models hold is not free.
        _memoryLimit = options.MemoryLimit is { } limit
            ? Math.Min(limit, info.MemoryBytes) - _held : Math.Min(info.UsableBytes, info.MemoryBytes - _held);
        var tag = new KeyValuePair<string, object?>("mistral.device", info.Id);
        Telemetry.Publish(() => _meter.CreateObservableUpDownCounter(
            "mistral.device.memory.usage", () => new Measurement<long>(AllocatedBytes, tag), "By", "Device memory handed out."));
        Telemetry.Publish(() => _meter.CreateObservableUpDownCounter(
            "mistral.device.memory.limit", () => new Measurement<long>(_memoryLimit, tag),
            "By", "Device memory that may be handed out."));
    }

    public DeviceInfo Info { get; }

    /// <summary>Whether it has been disposed of.</summary>
    public bool IsDisposed { get; private set; }

    public Accelerator Accelerator => _runtime.Accelerator;

    /// <summary>The in-order stream that every step runs on.</summary>
    public AcceleratorStream Stream => _runtime.Stream;

    /// <summary>See <see cref="DeviceRuntime.Graphs"/>.</summary>
    internal IGraphDriver? Graphs => _runtime.Graphs;

    /// <summary>See <see cref="DeviceRuntime.Gathering"/>.</summary>
    internal CpuLaunches? Gathering => _runtime.Gathering;

    /// <summary>The reasons why the device is slower than it could be, for people; null if there are none.</summary>
    public string? Drawback => _drawbacks.Count > 0 ? string.Join("; ", _drawbacks) : null;

    /// <summary>Called once for each such reason that is found later.</summary>
    public Action<string>? OnDrawback { get; set; }

    /// <summary>The number of launchers that the device itself owns.</summary>
    internal int OwnLaunches => _launches.Count;

    /// <summary>Opens the device that <paramref name="request"/> names.</summary>
    /// <param name="request"><c>auto</c>, <c>cpu</c>, <c>opencl[:N]</c> or <c>cuda[:N]</c>.</param>
    /// <exception cref="DeviceException">The device is absent or cannot be opened.</exception>
    public static ComputeDevice Open(string request = "auto", DeviceOptions? options = null)
    {
        options ??= new DeviceOptions();
        int? threads = options.Threads;
        var kind = DeviceCatalog.KindOf(request);
        var context = DeviceCatalog.CreateContext(threads, options.IsTimed, kind);
        try
        {
            var found = DeviceCatalog.Describe(context, threads).ToList();
            var info = DeviceCatalog.Find([.. found.Select(entry => entry.Info)], request)
                // The device is absent. The exception lists the devices that exist.
                ?? DeviceCatalog.Choose(DeviceCatalog.List(threads), request);
            if (kind is null && info.Kind == DeviceKind.Cuda)
            {
                // Methods have other bodies in a context for CUDA.
                context.Dispose();
                return Open(info.Id, options);
            }

            var device = found.First(entry => entry.Info == info).Device;
            info = info with { ForcedFamily = options.Family, Without = options.Without };
            DeviceCatalog.Admit(device);
            var runtime = DeviceCatalog.OpenRuntime(context, device, info, options.Waves);
            info = info with { Waves = options.Waves ?? runtime.Waves, FreeBytes = runtime.FreeBytes ?? info.FreeBytes };
            return new ComputeDevice(context, info, runtime, options);
        }
        catch (Exception exception)
        {
            context.Dispose();
            throw exception as DeviceException
                ?? new DeviceException($"device '{request}' could not be opened: {OpenClFaults.MessageOf(exception)}");
        }
    }

    /// <summary>Whether a failure is a device's, which fails from then on.</summary>
    public static bool IsFault(Exception exception) => exception is AcceleratorException or DeviceException;

    /// <summary>A failure of a driver in one line: the call, if it is known, and the name of the error code.</summary>
    public static string Describe(AcceleratorException failure) => OpenClFaults.MessageOf(failure);

    /// <summary>The path of a cache file that depends on the device and the kernels (see <see cref="UserCache"/>).</summary>
    public string CacheFile(string what, string extension) => UserCache.FileFor(
        what, string.Create(CultureInfo.InvariantCulture, $"{Info.Kind}|{Info.Name}|{Info.ComputeUnits}|{Info.MaxGroupSize}"),
        extension);

    /// <summary>Launches a kernel on <see cref="Stream"/> and compiles it on first use.</summary>
    public void Launch<TKernel>(KernelConfig shape, in TKernel kernel)
        where TKernel : struct, IKernel => _runtime.Launch(this, shape, kernel);

    /// <summary>
    /// Creates the launcher of a kernel whose arguments never change. Compiles the kernel now. Launching allocates nothing.
    /// </summary>
    public Action<KernelConfig> Bind<TKernel>(TKernel kernel)
        where TKernel : struct, IKernel => Bind(kernel, _launches);

    /// <param name="owner">Owns the launcher, which may not be used after the owner is disposed.</param>
    internal Action<KernelConfig> Bind<TKernel>(TKernel kernel, BoundLaunches owner)
        where TKernel : struct, IKernel => _runtime.Bind(this, kernel, owner);

    /// <summary>
    /// As <see cref="Bind{TKernel}(TKernel)"/>, but compiles concurrently with other kernels, until <see cref="LoadBound"/> or
    /// the first launch.
    /// </summary>
    internal Action<KernelConfig> BindSoon<TKernel>(TKernel kernel, BoundLaunches? owner)
        where TKernel : struct, IKernel
    {
        if (_runtime.LoadsAtOnce)
        {
            return Bind(kernel, owner ?? _launches);
        }

        _ = Prepare<TKernel>();
        var bound = new Lazy<Action<KernelConfig>>(() => Bind(kernel, owner ?? _launches));
        _boundSoon.Add(bound);
        return shape => bound.Value(shape);
    }

    /// <summary>Starts to compile a kernel, unless it is loaded or takes no time to load.</summary>
    /// <returns>Whether <see cref="Load{TKernel}"/> may wait for it.</returns>
    internal bool Prepare<TKernel>()
        where TKernel : struct, IKernel
    {
        if (_runtime.LoadsAtOnce || _kernels.ContainsKey(typeof(TKernel)))
        {
            return false;
        }

        _runtime.Loader.Prepare<TKernel>();
        return true;
    }

    /// <summary>The launcher of a kernel, compiled on first use and cached.</summary>
    public Action<AcceleratorStream, KernelConfig, TKernel> Load<TKernel>()
        where TKernel : struct, IKernel =>
        (Action<AcceleratorStream, KernelConfig, TKernel>)_kernels.GetOrAdd(
            typeof(TKernel), static (_, loader) => loader.Load<TKernel>(), _runtime.Loader);

    /// <summary>Runs <paramref name="test"/> unless this device has already passed the test of that name.</summary>
    public void TestOnce(string name, Action test)
    {
        if (!_passedTests.Contains(name))
        {
            test();
            _passedTests.Add(name);
        }
    }

    /// <summary>An object that another folder keeps for each device; created on first use.</summary>
    internal T Room<T>(Func<ComputeDevice, T> make)
        where T : class? => (T)_rooms.GetOrAdd(typeof(T), static (_, of) => of.make(of.device), (make, device: this))!;

    /// <summary>Records why the device is slower than it could be, and reports it.</summary>
    internal void Tell(string drawback)
    {
        if (!_drawbacks.Contains(drawback))
        {
            _drawbacks.Add(drawback);
            OnDrawback?.Invoke(drawback);
        }
    }

    /// <summary>
    /// Makes all tests run again, because some kernels were replaced. Kernels that are bound but not yet compiled are dropped.
    /// </summary>
    internal void ForgetTests()
    {
        _passedTests.Clear();
        _boundSoon.Clear();
    }

    /// <summary>Waits until no other thread uses the device, and keeps others out until <see cref="Release"/>. A thread may hold
    /// it more than once.</summary>
    /// <exception cref="ObjectDisposedException">The device has been disposed of.</exception>
    public void Hold()
    {
        _gate.Enter();
        if (IsDisposed)
        {
            _gate.Exit();
            throw new ObjectDisposedException($"device {Info.Id}");
        }
    }

    /// <summary>Lets other threads use the device again.</summary>
    public void Release() => _gate.Exit();

    /// <summary>Waits until all launched work is done.</summary>
    public void Synchronize() => _runtime.Synchronize(Info);

    /// <summary>See <see cref="StreamMarks"/>. Requires a device that was opened as timed.</summary>
    internal StreamMarks NewMarks() => _runtime.NewMarks(this);

    /// <summary>Closes the device once no thread uses it. Buffers on it are gone with it.</summary>
    public void Dispose()
    {
        using var scope = _gate.EnterScope();
        if (IsDisposed)
        {
            return;
        }

        IsDisposed = true;
        Telemetry.Close(_meter);
        _launches.Dispose();
        _runtime.Dispose();
        _context.Dispose();
    }
}

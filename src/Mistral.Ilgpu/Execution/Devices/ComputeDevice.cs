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
/// An opened device: owns ILGPU's context and accelerator, counts the memory it hands out, and keeps each compiled kernel.
/// Launches are for one thread at a time, because OpenCL sets the arguments of a kernel that all its launches share: whoever
/// launches calls <see cref="Enter"/> first.
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

    private ComputeDevice(Context context, DeviceInfo info, DeviceRuntime runtime, long? memoryLimit)
    {
        _context = context;
        _runtime = runtime;
        Info = info;
        _memoryLimit = Math.Min(memoryLimit ?? long.MaxValue, info.MemoryBytes);
        var tag = new KeyValuePair<string, object?>("mistral.device", info.Id);
        _meter.CreateObservableUpDownCounter(
            "mistral.device.memory.usage", () => new Measurement<long>(AllocatedBytes, tag), "By", "Device memory handed out.");
        _meter.CreateObservableUpDownCounter(
            "mistral.device.memory.limit", () => new Measurement<long>(_memoryLimit, tag),
            "By", "Device memory that may be handed out.");
    }

    public DeviceInfo Info { get; }

    /// <summary>Whether it has been disposed of.</summary>
    public bool IsDisposed { get; private set; }

    public Accelerator Accelerator => _runtime.Accelerator;

    /// <summary>The stream that every step runs on, in order.</summary>
    public AcceleratorStream Stream => _runtime.Stream;

    /// <summary>See <see cref="DeviceRuntime.Graphs"/>.</summary>
    internal IGraphDriver? Graphs => _runtime.Graphs;

    /// <summary>See <see cref="DeviceRuntime.Gathering"/>.</summary>
    internal CpuLaunches? Gathering => _runtime.Gathering;

    /// <summary>Why it computes slower than it might, in words; null where it does not.</summary>
    public string? Drawback => _drawbacks.Count > 0 ? string.Join("; ", _drawbacks) : null;

    /// <summary>Is told of each that is found from now on, once.</summary>
    public Action<string>? OnDrawback { get; set; }

    /// <summary>Launchers whose owner is the device.</summary>
    internal int OwnLaunches => _launches.Count;

    /// <summary>Opens the device that <paramref name="request"/> names.</summary>
    /// <param name="request"><c>auto</c>, <c>cpu</c>, <c>opencl[:N]</c> or <c>cuda[:N]</c>.</param>
    /// <exception cref="DeviceException">The device is absent or cannot be opened.</exception>
    public static ComputeDevice Open(string request = "auto", DeviceOptions? options = null)
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
            return new ComputeDevice(context, info, DeviceCatalog.OpenRuntime(context, device, info), options.MemoryLimit);
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

    /// <summary>What a failure of a driver was, in one line: the call, where it is known, and the name of the code.</summary>
    public static string Describe(AcceleratorException failure) => OpenClFaults.MessageOf(failure);

    /// <summary>Where something is kept between runs that depends on the device and on the kernels, see
    /// <see cref="UserCache"/>.</summary>
    public string CacheFile(string what, string extension) => UserCache.FileFor(
        what, string.Create(CultureInfo.InvariantCulture, $"{Info.Kind}|{Info.Name}|{Info.ComputeUnits}|{Info.MaxGroupSize}"),
        extension);

    /// <summary>Launches a kernel on <see cref="Stream"/>, compiling it at its first use.</summary>
    public void Launch<TKernel>(KernelConfig shape, in TKernel kernel)
        where TKernel : struct, IKernel => _runtime.Launch(this, shape, kernel);

    /// <summary>A launcher of a kernel whose arguments never change, compiled now. Launching allocates nothing.</summary>
    public Action<KernelConfig> Bind<TKernel>(TKernel kernel)
        where TKernel : struct, IKernel => Bind(kernel, _launches);

    /// <param name="owner">The launcher may not be used after it.</param>
    internal Action<KernelConfig> Bind<TKernel>(TKernel kernel, BoundLaunches owner)
        where TKernel : struct, IKernel => _runtime.Bind(this, kernel, owner);

    /// <summary>As <see cref="Bind"/>, but compiling goes on beside what else is bound, until <see cref="LoadBound"/> or the
    /// first launch.</summary>
    internal Action<KernelConfig> BindSoon<TKernel>(TKernel kernel, BoundLaunches? owner)
        where TKernel : struct, IKernel
    {
        if (_runtime.LoadsAtOnce)
        {
            return Bind(kernel, owner ?? _launches);
        }

        if (!_kernels.ContainsKey(typeof(TKernel)))
        {
            _runtime.Loader.Prepare<TKernel>();
        }

        var bound = new Lazy<Action<KernelConfig>>(() => Bind(kernel, owner ?? _launches));
        _boundSoon.Add(bound);
        return shape => bound.Value(shape);
    }

    /// <summary>The launcher of a kernel, compiled at its first use and kept.</summary>
    public Action<AcceleratorStream, KernelConfig, TKernel> Load<TKernel>()
        where TKernel : struct, IKernel =>
        (Action<AcceleratorStream, KernelConfig, TKernel>)_kernels.GetOrAdd(
            typeof(TKernel), static (_, loader) => loader.Load<TKernel>(), _runtime.Loader);

    /// <summary>Runs <paramref name="test"/> unless this device has passed the test of that name.</summary>
    public void TestOnce(string name, Action test)
    {
        if (!_passedTests.Contains(name))
        {
            test();
            _passedTests.Add(name);
        }
    }

    /// <summary>What one of the folders above keeps of this device, made when it is first asked for.</summary>
    internal T Room<T>(Func<ComputeDevice, T> make)
        where T : class? => (T)_rooms.GetOrAdd(typeof(T), static (_, of) => of.make(of.device), (make, device: this))!;

    /// <summary>Takes note of why the device computes slower than it might.</summary>
    internal void Tell(string drawback)
    {
        if (!_drawbacks.Contains(drawback))
        {
            _drawbacks.Add(drawback);
            OnDrawback?.Invoke(drawback);
        }
    }

    /// <summary>Has everything tested again, because other kernels take the place of some. Those that are bound and not yet
    /// compiled are left out.</summary>
    internal void ForgetTests()
    {
        _passedTests.Clear();
        _boundSoon.Clear();
    }

    /// <summary>Waits until no other thread uses the device, and keeps others out until the scope ends. A thread may enter more
    /// than once.</summary>
    /// <exception cref="ObjectDisposedException">The device has been disposed of.</exception>
    public Lock.Scope Enter()
    {
        var scope = _gate.EnterScope();
        if (IsDisposed)
        {
            scope.Dispose();
            throw new ObjectDisposedException($"device {Info.Id}");
        }

        return scope;
    }

    /// <summary>Waits until all launched work is done.</summary>
    public void Synchronize() => _runtime.Synchronize(Info);

    /// <summary>See <see cref="StreamMarks"/>; the device is opened as timed.</summary>
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
        _meter.Dispose();
        _launches.Dispose();
        _runtime.Dispose();
        _context.Dispose();
    }
}

using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// Combines launches on the CPU accelerator. A launch takes about 30 µs, because the accelerator's threads sleep between
/// launches, and a pass has dozens of launches. Gathered launches run as one: every work item executes all of them in order, with
/// a barrier after each. The barrier takes well below a microsecond. They run on threads that are still awake after the token
/// before, if no kernel asks the accelerator which of its threads it is on.
/// </summary>
internal sealed class CpuLaunches : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMicroseconds(20);

    private readonly AcceleratorStream _stream;
    private readonly KernelConfig _shape;
    private readonly Lazy<Action<AcceleratorStream, KernelConfig, long>> _run;
    private readonly WorkItemBarrier _barrier;
    private readonly Lazy<CpuWorkers> _workers;
    private readonly ConcurrentDictionary<Type, bool> _compiled = [];
    private GCHandle _self;
    private Bound[] _gathered = new Bound[64];
    private int _count;
    private long _taken;
    private bool _isGathering;
    private bool _asksAccelerator;
    private CancellationToken _cancellation;

    /// <param name="items">Work items of a launch, one for each thread.</param>
    internal CpuLaunches(CPUAccelerator accelerator, CpuKernelLoader loader, int items)
    {
        _stream = accelerator.DefaultStream;
        _shape = new KernelConfig(1, items);
        _barrier = new WorkItemBarrier(items, Patience, EndLaunch);
        _workers = new(() => new CpuWorkers(items, Work));
        // Only kernels that ask the accelerator need it, and it takes a tenth of a short start.
        _run = new(() => loader.Load<Action<AcceleratorStream, KernelConfig, long>>(((Action<long>)Run).Method));
        _self = GCHandle.Alloc(this);
    }

    /// <summary>
    /// The body of a work item on the accelerator's threads. It is public because generated code calls it.
    /// </summary>
    /// <param name="handle">Identifies the launches, because kernels cannot have references as parameters.</param>
    public static void Run(long handle) =>
        ((CpuLaunches)GCHandle.FromIntPtr((nint)handle).Target!).Work(WorkShare.Current);

    public void Dispose()
    {
        if (_workers.IsValueCreated)
        {
            _workers.Value.Dispose();
        }

        if (_self.IsAllocated)
        {
            _self.Free();
        }
    }

    /// <summary>Gathers the launches of <paramref name="launches"/>, runs them as one, and returns when they are done.</summary>
    /// <exception cref="OperationCanceledException">Cancelled between two launches.</exception>
    internal void Together(Action launches, CancellationToken cancellation)
    {
        (_isGathering, _cancellation) = (true, cancellation);
        try
        {
            launches();
            Launch();
            cancellation.ThrowIfCancellationRequested();
        }
        finally
        {
            (_isGathering, _cancellation) = (false, CancellationToken.None);
            (_count, _asksAccelerator) = (0, false);
        }
    }

    // Runs the launches gathered so far.
    private void Launch()
    {
        if (_count > 0)
        {
            if (_asksAccelerator)
            {
                _run.Value(_stream, _shape, GCHandle.ToIntPtr(_self));
            }
            else
            {
                _workers.Value.Run();
            }

            Array.Clear(_gathered, 0, _count);
            (_count, _asksAccelerator) = (0, false);
        }
    }

    // Executes a work item's shares of each gathered launch. Returns when all items are done.
    private void Work(WorkShare share)
    {
        int count = _count;
        for (int i = 0; i < count; i++)
        {
            var kernel = _gathered[i];
            if (kernel.SharesPerThread == 1)
            {
                kernel.Execute(share);
            }
            else
            {
                long shares = share.Count * kernel.SharesPerThread;
                for (long next = Take(); next < shares; next = Take())
                {
                    kernel.Execute(new WorkShare(next, shares));
                }
            }

            if (_barrier.Wait())
            {
                return;
            }
        }

        long Take() => Interlocked.Increment(ref _taken) - 1;
    }

    // The last item to arrive does this, while all others wait.
    private bool EndLaunch()
    {
        _taken = 0;
        return _cancellation.IsCancellationRequested;
    }

    /// <summary>Creates the launcher of a kernel with these arguments.</summary>
    /// <param name="alone">The fallback for launch shapes that cannot be gathered.</param>
    internal Action<KernelConfig> Bind<TKernel>(TKernel kernel, Action<KernelConfig> alone)
        where TKernel : struct, IKernel
    {
        CompileSoon(typeof(TKernel));
        var bound = Bound.Of(kernel);
        return shape =>
        {
            if (shape.GridDim == _shape.GridDim && shape.GroupDim == _shape.GroupDim)
            {
                Add(bound);
            }
            else
            {
                Launch();
                _cancellation.ThrowIfCancellationRequested();
                alone(shape);
            }
        };
    }

    // The runtime would compile a kernel when it first runs, one after the other, while all threads wait. Only the first binding
    // of a kernel asks for it, because launches bind too.
    private void CompileSoon(Type kernel)
    {
        if (_compiled.TryAdd(kernel, true)
            && kernel.GetMethod(nameof(ISharedKernel.Execute), [typeof(WorkShare)]) is { } method)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => RuntimeHelpers.PrepareMethod(
                    state.Method, [.. state.Kernel.GenericTypeArguments.Select(argument => argument.TypeHandle)]),
                (Method: method.MethodHandle, Kernel: kernel), preferLocal: false);
        }
    }

    private void Add(Bound kernel)
    {
        if (_count == _gathered.Length)
        {
            Array.Resize(ref _gathered, 2 * _count);
        }

        _gathered[_count++] = kernel;
        _asksAccelerator |= kernel.AsksAccelerator;
        if (!_isGathering)
        {
            Launch();
        }
    }

    /// <summary>A kernel with its arguments.</summary>
    private abstract class Bound
    {
        public static Bound Of<TKernel>(TKernel kernel)
            where TKernel : struct, IKernel => kernel is ISharedKernel
            ? (Bound)Activator.CreateInstance(typeof(BoundShared<>).MakeGenericType(typeof(TKernel)), kernel)!
            : new BoundWhole<TKernel>(kernel);

        /// <summary>Whether the kernel asks the accelerator for its share.</summary>
        public abstract bool AsksAccelerator { get; }

        public abstract int SharesPerThread { get; }

        public abstract void Execute(WorkShare share);
    }

    private sealed class BoundWhole<TKernel>(TKernel kernel) : Bound
        where TKernel : struct, IKernel
    {
        private readonly TKernel _kernel = kernel;

        public override bool AsksAccelerator => true;

        public override int SharesPerThread => 1;

        public override void Execute(WorkShare share) => _kernel.Execute();
    }

    private sealed class BoundShared<TKernel>(TKernel kernel) : Bound
        where TKernel : struct, ISharedKernel
    {
        private readonly TKernel _kernel = kernel;

        public override bool AsksAccelerator => false;

        public override int SharesPerThread { get; } = kernel.SharesPerThread;

        public override void Execute(WorkShare share) => _kernel.Execute(share);
    }
}

using System.Diagnostics;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// Combines launches on the CPU accelerator. A launch takes about 30 µs, because the accelerator's threads sleep between
/// launches,
/// and a pass has dozens of launches. Gathered launches run as one kernel: every work item executes all of them in order, with a
/// barrier after each. The barrier takes well below a microsecond.
/// </summary>
internal sealed class CpuLaunches : IDisposable
{
    private readonly AcceleratorStream _stream;
    private readonly KernelConfig _shape;
    private readonly Action<AcceleratorStream, KernelConfig, long> _run;
    private readonly WorkItemBarrier _barrier;
    private GCHandle _self;
    private Bound[] _gathered = new Bound[64];
    private int _count;
    private bool _isGathering;
    private CancellationToken _cancellation;

    /// <param name="items">Work items of a launch, one for each thread.</param>
    internal CpuLaunches(CPUAccelerator accelerator, CpuKernelLoader loader, int items)
    {
        _stream = accelerator.DefaultStream;
        _shape = new KernelConfig(1, items);
        _barrier = new WorkItemBarrier(items, () => _cancellation.IsCancellationRequested);
        _run = loader.Load<Action<AcceleratorStream, KernelConfig, long>>(((Action<long>)Run).Method);
        _self = GCHandle.Alloc(this);
    }

    /// <summary>
    /// The body of a work item: executes its share of each gathered launch. It is public because generated code calls it.
    /// </summary>
    /// <param name="handle">Identifies the launches, because kernels cannot have references as parameters.</param>
    public static void Run(long handle)
    {
        var launches = (CpuLaunches)GCHandle.FromIntPtr((nint)handle).Target!;
        var share = WorkShare.Current;
        int count = launches._count;
        for (int i = 0; i < count; i++)
        {
            launches._gathered[i].Execute(share);
            if (i + 1 < count && launches._barrier.Wait())
            {
                return;
            }
        }
    }

    public void Dispose()
    {
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
            _count = 0;
        }
    }

    // Runs the launches gathered so far.
    private void Launch()
    {
        if (_count > 0)
        {
            _run(_stream, _shape, GCHandle.ToIntPtr(_self));
            Array.Clear(_gathered, 0, _count);
            _count = 0;
        }
    }

    /// <summary>Creates the launcher of a kernel with these arguments.</summary>
    /// <param name="alone">The fallback for launch shapes that cannot be gathered.</param>
    internal Action<KernelConfig> Bind<TKernel>(TKernel kernel, Action<KernelConfig> alone)
        where TKernel : struct, IKernel
    {
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

    private void Add(Bound kernel)
    {
        if (_count == _gathered.Length)
        {
            Array.Resize(ref _gathered, 2 * _count);
        }

        _gathered[_count++] = kernel;
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

        public abstract void Execute(WorkShare share);
    }

    private sealed class BoundWhole<TKernel>(TKernel kernel) : Bound
        where TKernel : struct, IKernel
    {
        private readonly TKernel _kernel = kernel;

        public override void Execute(WorkShare share) => _kernel.Execute();
    }

    private sealed class BoundShared<TKernel>(TKernel kernel) : Bound
        where TKernel : struct, ISharedKernel
    {
        private readonly TKernel _kernel = kernel;

        public override void Execute(WorkShare share) => _kernel.Execute(share);
    }

    /// <summary>
    /// A barrier of work items that spins, because the work between two barriers is shorter than a sleep.
    /// An item that has waited for long sleeps, because another item may need its core. The system then wakes it on an idle core.
    /// </summary>
    /// <param name="isOver">Whether there are no more launches. The last item to arrive evaluates it, so that all items
    /// agree.</param>
    private sealed class WorkItemBarrier(int items, Func<bool> isOver)
    {
        // Spins for less than a microsecond, because the other item may be waiting for this core.
        private const int Spins = 10;

        private static readonly TimeSpan Patience = TimeSpan.FromMicroseconds(20);

        private readonly object _gate = new();
        private int _arrived;
        private int _sleeping;
        private volatile int _phase;
        private bool _isOver;

        /// <returns>Whether there are no more launches.</returns>
        public bool Wait()
        {
            int phase = _phase;
            if (Interlocked.Increment(ref _arrived) == items)
            {
                _arrived = 0;
                bool isOverNow = _isOver = isOver();
                Release(phase);
                return isOverNow;
            }

            for (int spin = 0; spin < Spins && _phase == phase; spin++)
            {
                Thread.SpinWait(1);
            }

            for (long begin = Stopwatch.GetTimestamp(); _phase == phase;)
            {
                Thread.Yield();
                if (Stopwatch.GetElapsedTime(begin) > Patience)
                {
                    Sleep(phase);
                }
            }

            return _isOver;
        }

        private void Release(int phase)
        {
            _phase = phase + 1;
            // Either this thread sees the sleeper's count, or the sleeper sees the new phase.
            Interlocked.MemoryBarrier();
            if (_sleeping > 0)
            {
                lock (_gate)
                {
                    Monitor.PulseAll(_gate);
                }
            }
        }

        private void Sleep(int phase)
        {
            lock (_gate)
            {
                Interlocked.Increment(ref _sleeping);
                while (_phase == phase)
                {
                    Monitor.Wait(_gate);
                }

                Interlocked.Decrement(ref _sleeping);
            }
        }
    }
}

using System.Diagnostics;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// Launches on the CPU accelerator, many at once. One launch costs it some 30 µs, for its threads sleep between launches; a pass
/// is dozens. So launches that are gathered become one kernel: every work item goes through all of them in order, and the items
/// wait for each other in between, which costs well below a microsecond.
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

    /// <param name="items">Work items that share a launch, a thread each.</param>
    internal CpuLaunches(CPUAccelerator accelerator, CpuKernelLoader loader, int items)
    {
        _stream = accelerator.DefaultStream;
        _shape = new KernelConfig(1, items);
        _barrier = new WorkItemBarrier(items, () => _cancellation.IsCancellationRequested);
        _run = loader.Load<Action<AcceleratorStream, KernelConfig, long>>(((Action<long>)Run).Method);
        _self = GCHandle.Alloc(this);
    }

    /// <summary>What one work item does: its part of each gathered launch. Public because generated code calls it.</summary>
    /// <param name="handle">Of the launches, for kernels cannot take references.</param>
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

    /// <summary>Runs as one what <paramref name="launches"/> launches, and returns when it is done.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, between two of them.</exception>
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

    // Runs what was gathered so far.
    private void Launch()
    {
        if (_count > 0)
        {
            _run(_stream, _shape, GCHandle.ToIntPtr(_self));
            Array.Clear(_gathered, 0, _count);
            _count = 0;
        }
    }

    /// <summary>A launcher of a kernel with these arguments.</summary>
    /// <param name="alone">Launches it in shapes that cannot be gathered.</param>
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
    /// Work items wait for each other, awake: the work between two steps is shorter than what sleeping would cost. One that waits
    /// for long may have the other wait for its core, so it sleeps: the system wakes it on a core that is idle.
    /// </summary>
    /// <param name="isOver">Whether there is nothing more to be done. The last item that comes asks, so that all go on or
    /// none.</param>
    private sealed class WorkItemBarrier(int items, Func<bool> isOver)
    {
        // Below a microsecond: the other item may be waiting for this very core.
        private const int Spins = 10;

        private static readonly TimeSpan Patience = TimeSpan.FromMicroseconds(20);

        private readonly object _gate = new();
        private int _arrived;
        private int _sleeping;
        private volatile int _phase;
        private bool _isOver;

        /// <returns>Whether it is over.</returns>
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
            // Either this sees who sleeps, or that one sees the phase.
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

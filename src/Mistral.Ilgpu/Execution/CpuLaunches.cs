using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>
/// Launches on the CPU accelerator, many at once. One launch costs it some 30 µs, for its threads sleep between launches; a pass is dozens.
/// So launches that are gathered become one kernel: every work item goes through all of them in order, and the items wait for each
/// other in between, which costs well below a microsecond.
/// </summary>
public sealed class CpuLaunches : IDisposable
{
    private readonly AcceleratorStream _stream;
    private readonly KernelConfig _shape;
    private readonly Action<AcceleratorStream, KernelConfig, long> _run;
    private readonly WorkItemBarrier _barrier;
    private GCHandle _self;
    private Bound[] _gathered = new Bound[64];
    private int _count;
    private bool _isGathering;

    internal CpuLaunches(CPUAccelerator accelerator, CpuKernelLoader loader)
    {
        _stream = accelerator.DefaultStream;
        _shape = new KernelConfig(1, accelerator.MaxNumThreadsPerGroup);
        _barrier = new WorkItemBarrier(accelerator.MaxNumThreadsPerGroup);
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
            if (i + 1 < count)
            {
                launches._barrier.Wait();
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
    internal void Together(Action launches)
    {
        _isGathering = true;
        try
        {
            launches();
            Launch();
        }
        finally
        {
            _isGathering = false;
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

    /// <summary>Work items wait for each other, awake: the work between two steps is shorter than what sleeping would cost.</summary>
    private sealed class WorkItemBarrier(int items)
    {
        // Below a microsecond: the other item may be waiting for this very core.
        private const int Spins = 10;

        private int _arrived;
        private volatile int _phase;

        public void Wait()
        {
            int phase = _phase;
            if (Interlocked.Increment(ref _arrived) == items)
            {
                _arrived = 0;
                _phase = phase + 1;
                return;
            }

            for (int spin = 0; _phase == phase; spin++)
            {
                if (spin < Spins)
                {
                    Thread.SpinWait(1);
                }
                else
                {
                    Thread.Yield();
                }
            }
        }
    }
}

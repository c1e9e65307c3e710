using System.Diagnostics;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// A barrier of work items that spins, because the work between two barriers is shorter than a sleep.
/// An item that has waited for long sleeps, because another item may need its core. The system then wakes it on an idle core.
/// </summary>
/// <param name="patience">How long an item waits before it sleeps.</param>
/// <param name="isOver">Whether there are no more launches. The last item to arrive evaluates it, so that all items
/// agree.</param>
internal sealed class WorkItemBarrier(int items, TimeSpan patience, Func<bool> isOver)
{
    // Spins for less than a microsecond, because the other item may be waiting for this core.
    private const int Spins = 10;

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
            if (Stopwatch.GetElapsedTime(begin) > patience)
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

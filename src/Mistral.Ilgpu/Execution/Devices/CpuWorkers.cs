namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>
/// Threads that share work with the thread that has it. They wait for more for a fraction of a millisecond, because the next token
/// comes sooner than a thread wakes up, and then sleep.
/// </summary>
internal sealed class CpuWorkers : IDisposable
{
    // Longer than a host takes between two tokens.
    private static readonly TimeSpan Patience = TimeSpan.FromMicroseconds(200);

    private readonly Action<WorkShare> _work;
    private readonly WorkItemBarrier _begin;
    private readonly Thread[] _threads;
    private volatile bool _isStopping;

    /// <param name="items">Work items, one for each thread: the caller's and those of this object.</param>
    /// <param name="work">The work of a share. Returns when all shares are done. It must not throw.</param>
    public CpuWorkers(int items, Action<WorkShare> work)
    {
        _work = work;
        _begin = new WorkItemBarrier(items, Patience, () => _isStopping);
        _threads = new Thread[items - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            var share = new WorkShare(i + 1, items);
            _threads[i] = new Thread(() => Work(share)) { IsBackground = true, Name = $"CPU accelerator {i + 1}" };
            _threads[i].Start();
        }
    }

    /// <summary>Does all shares, the first on this thread.</summary>
    public void Run()
    {
        _ = _begin.Wait();
        _work(new WorkShare(0, _threads.Length + 1));
    }

    public void Dispose()
    {
        _isStopping = true;
        _ = _begin.Wait();
        Array.ForEach(_threads, thread => thread.Join());
    }

    private void Work(WorkShare share)
    {
        while (!_begin.Wait())
        {
            _work(share);
        }
    }
}

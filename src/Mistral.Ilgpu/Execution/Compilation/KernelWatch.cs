namespace Mistral.Ilgpu.Execution.Compilation;

/// <summary>
/// Counts the kernels of a device while a model is loaded, reports progress once one must be compiled, and passes on
/// cancellation. OpenCL drivers may compile machine code at a kernel's first launch, so loading counts as half of the work there.
/// </summary>
/// <param name="launchesCount">Whether the first launch counts as the other half.</param>
internal sealed class KernelWatch(IProgress<KernelProgress>? progress, bool launchesCount, CancellationToken cancellation)
{
    private readonly Lock _gate = new();
    private readonly HashSet<Type> _begun = [];
    private readonly HashSet<Type> _loaded = [];
    private readonly HashSet<Type> _launched = [];
    private int _firstLaunches;

    public CancellationToken Cancellation => cancellation;

    /// <summary>Kernels that were not cached.</summary>
    public int Compiled { get; private set; }

    public void OnBegun(Type kernel) => Note(() => _begun.Add(kernel));

    public void OnCompiling() => Note(() => ++Compiled > 0);

    public void OnLoaded(Type kernel) => Note(() => _loaded.Add(kernel));

    /// <summary>Waits for a kernel's first launch if that compiles it.</summary>
    public void OnLaunched(Type kernel, Action wait)
    {
        cancellation.ThrowIfCancellationRequested();
        if (launchesCount && Compiled > 0 && !_launched.Contains(kernel))
        {
            wait();
            Note(() => _launched.Add(kernel) && _begun.Contains(kernel) && ++_firstLaunches > 0);
        }
    }

    private void Note(Func<bool> change)
    {
        lock (_gate)
        {
            if (change() && Compiled > 0)
            {
                progress?.Report(new KernelProgress(
                    launchesCount ? (_loaded.Count + _firstLaunches) / 2 : _loaded.Count, _begun.Count));
            }
        }
    }
}

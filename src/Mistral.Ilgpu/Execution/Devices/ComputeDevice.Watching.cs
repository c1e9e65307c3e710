using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>How compilations are waited for and reported.</summary>
internal sealed partial class ComputeDevice
{
    /// <summary>Receives progress of compilations; null for none.</summary>
    internal KernelWatch? Watch { get; private set; }

    /// <summary>Reports compilations to <paramref name="watch"/> until the returned object is disposed.</summary>
    internal IDisposable Watching(KernelWatch watch)
    {
        _runtime.Loader.Watch = Watch = watch;
        return new EndOfWatch(this);
    }

    /// <param name="progress">Receives the progress of kernels that must be compiled.</param>
    internal KernelWatch NewWatch(IProgress<KernelProgress>? progress, CancellationToken cancellation) =>
        new(progress, _runtime.CompilesAtFirstLaunch, cancellation);

    /// <summary>Waits until all kernels bound by <see cref="BindSoon"/> are compiled and loaded.</summary>
    /// <exception cref="OperationCanceledException">The watch was cancelled.</exception>
    public void LoadBound()
    {
        try
        {
            foreach (var bound in _boundSoon)
            {
                _ = bound.Value;
            }
        }
        finally
        {
            _boundSoon.Clear();
        }
    }

    private sealed class EndOfWatch(ComputeDevice device) : IDisposable
    {
        public void Dispose() => device._runtime.Loader.Watch = device.Watch = null;
    }
}

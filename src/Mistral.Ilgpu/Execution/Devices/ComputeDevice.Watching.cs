using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Execution.Devices;

/// <summary>How its kernels are waited for.</summary>
internal sealed partial class ComputeDevice
{
    /// <summary>Follows what is compiled; null where nobody asks.</summary>
    internal KernelWatch? Watch { get; private set; }

    /// <summary>Has kernels followed until the end of what is returned.</summary>
    internal IDisposable Watching(KernelWatch watch)
    {
        _runtime.Loader.Watch = Watch = watch;
        return new EndOfWatch(this);
    }

    /// <param name="progress">Is told how far kernels are that must be compiled.</param>
    internal KernelWatch NewWatch(IProgress<KernelProgress>? progress, CancellationToken cancellation) =>
        new(progress, _runtime.CompilesAtFirstLaunch, cancellation);

    /// <summary>Waits until all that <see cref="BindSoon"/> bound is compiled and loaded.</summary>
    /// <exception cref="OperationCanceledException">What is watched is cancelled.</exception>
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

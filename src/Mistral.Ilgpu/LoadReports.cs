using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu;

/// <summary>Joins what a load reports of weights and of kernels.</summary>
internal sealed class LoadReports(IProgress<LoadProgress> progress) : IProgress<TensorProgress>, IProgress<KernelProgress>
{
    private readonly Lock _lock = new();
    private LoadProgress _last;

    public void Report(TensorProgress value) =>
        Report(last => last with { BytesLoaded = value.BytesDone, TotalBytes = value.BytesTotal });

    public void Report(KernelProgress value) =>
        Report(last => last with { KernelsReady = value.Ready, TotalKernels = value.Total });

    private void Report(Func<LoadProgress, LoadProgress> change)
    {
        lock (_lock)
        {
            _last = change(_last);
            progress.Report(_last);
        }
    }
}

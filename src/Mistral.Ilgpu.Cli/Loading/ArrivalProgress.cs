namespace Mistral.Ilgpu.Cli.Loading;

/// <summary>Reports the progress of a load to what shows it at the time, because the load may go on in the first
/// pass.</summary>
internal sealed class ArrivalProgress : IProgress<TensorProgress>
{
    private volatile IProgress<TensorProgress>? _shown;

    public void Report(TensorProgress value) => _shown?.Report(value);

    /// <summary>Reports to <paramref name="shown"/> until the returned object is disposed.</summary>
    public IDisposable ShowOn(IProgress<TensorProgress> shown)
    {
        _shown = shown;
        return new Showing(this);
    }

    private sealed class Showing(ArrivalProgress progress) : IDisposable
    {
        public void Dispose() => progress._shown = null;
    }
}

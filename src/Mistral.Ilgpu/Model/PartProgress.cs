using Mistral.Ilgpu.Checkpoints;

namespace Mistral.Ilgpu.Model;

/// <summary>Joins the progress of the parts of a model, which are loaded one after the other.</summary>
internal sealed class PartProgress(IProgress<TensorProgress> progress) : IProgress<TensorProgress>
{
    private long _before;
    private long _done;

    public void Report(TensorProgress value)
    {
        // A tensor that two parts read is counted once.
        _done = Math.Min(value.BytesTotal, _before + value.BytesDone);
        progress.Report(value with { BytesDone = _done });
    }

    /// <summary>Begins the next part.</summary>
    public void Next() => _before = _done;
}

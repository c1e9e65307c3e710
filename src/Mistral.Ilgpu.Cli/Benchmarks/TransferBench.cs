using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>Measures how fast layers are streamed during a test, and how long its kernels take alone.</summary>
/// <param name="hostCopy">Bytes per second of a copy from the host.</param>
internal sealed class TransferBench(MistralModel model, double hostCopy)
{
    private readonly List<ModelPart> _parts = [.. model.Parts.Where(part => part.Transfers is not null)];
    private readonly List<TimeSpan> _compute = [];
    private long _bytes;
    private TimeSpan _busy;

    /// <summary>Takes a sample with transfers, and one of the kernels alone, in turns.</summary>
    public BenchSample Sample(Func<BenchSample> run)
    {
        var before = Transferred();
        var sample = run();
        var after = Transferred();
        (_bytes, _busy) = (_bytes + after.Bytes - before.Bytes, _busy + after.Busy - before.Busy);
        Pause(true);
        try
        {
            _compute.Add(run().Time);
        }
        finally
        {
            Pause(false);
        }

        return sample;
    }

    public BenchStreaming Result(BenchTest test, double tokensPerSecond)
    {
        int passes = test.IsPrefill ? (test.Tokens + model.Chunk - 1) / model.Chunk : test.Tokens;
        var estimate = new StreamingEstimate(
            TimeSpan.FromSeconds(_compute.Average(time => time.TotalSeconds) / passes),
            TimeSpan.FromSeconds(_parts.Sum(part => part.Residency.StreamedBytes) / hostCopy));
        double predicted = test.Tokens * test.Texts / (passes * estimate.Total.TotalSeconds);
        double speed = _bytes / _busy.TotalSeconds;
        return new BenchStreaming(
            estimate.IsLimitedByTransfers ? "transfers" : "compute", Math.Round(predicted, 3),
            Math.Round(tokensPerSecond / predicted, 4), Math.Round(speed / 1e9, 3), Math.Round(speed / hostCopy, 4),
            Math.Round(estimate.Compute.TotalMilliseconds, 3), Math.Round(estimate.Transfer.TotalMilliseconds, 3));
    }

    private (long Bytes, TimeSpan Busy) Transferred() => _parts.Select(part => part.Transfers!).Aggregate(
        (Bytes: 0L, Busy: TimeSpan.Zero), (sum, one) => (sum.Bytes + one.Bytes, sum.Busy + one.Busy));

    private void Pause(bool isPaused) => _parts.ForEach(part => part.Streamed!.IsPaused = isPaused);
}

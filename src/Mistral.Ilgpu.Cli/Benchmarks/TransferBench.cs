using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>Measures how fast layers are streamed during a test, and how long its kernels take alone.</summary>
/// <param name="bandwidth">Bytes per second that a copy on the device reads and writes.</param>
/// <param name="hostCopy">Bytes per second of a copy from the host.</param>
internal sealed class TransferBench(MistralModel model, double bandwidth, double hostCopy)
{
    private readonly List<TimeSpan> _compute = [];
    private long _bytes;
    private TimeSpan _busy;

    /// <summary>Takes a sample with transfers, and one of the kernels alone, in turns.</summary>
    public BenchSample Sample(Func<BenchSample> run)
    {
        var transfers = model.Transfers!;
        var (bytes, busy) = (transfers.Bytes, transfers.Busy);
        var sample = run();
        (_bytes, _busy) = (_bytes + transfers.Bytes - bytes, _busy + transfers.Busy - busy);
        model.Streamed!.IsPaused = true;
        try
        {
            _compute.Add(run().Time);
        }
        finally
        {
            model.Streamed.IsPaused = false;
        }

        return sample;
    }

    public BenchStreaming Result(BenchTest test, double tokensPerSecond)
    {
        int passes = test.IsPrefill ? (test.Tokens + model.Chunk - 1) / model.Chunk : test.Tokens;
        var estimate = new StreamingEstimate(
            TimeSpan.FromSeconds(_compute.Average(time => time.TotalSeconds) / passes),
            TimeSpan.FromSeconds(model.Residency.StreamedBytes / hostCopy),
            Family.Of(model.Device).TransferShare(2 * hostCopy / bandwidth));
        double predicted = test.Tokens * test.Texts / (passes * estimate.Total.TotalSeconds);
        double speed = _bytes / _busy.TotalSeconds;
        return new BenchStreaming(
            estimate.IsLimitedByTransfers ? "transfers" : "compute", Math.Round(predicted, 3),
            Math.Round(tokensPerSecond / predicted, 4), Math.Round(speed / 1e9, 3), Math.Round(speed / hostCopy, 4),
            Math.Round(estimate.Compute.TotalMilliseconds, 3), Math.Round(estimate.Transfer.TotalMilliseconds, 3));
    }
}

using System.Diagnostics;
using System.Globalization;
using Mistral.Ilgpu.Execution.Transfers;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>Tells how fast layers were streamed during a test, and how fast decoding could be.</summary>
/// <param name="streamedBytes">Bytes that a pass copies to the device.</param>
/// <param name="bandwidth">Bytes per second that a copy on the device reads and writes.</param>
/// <param name="hostCopy">Bytes per second of a copy from the host.</param>
internal sealed class TransferBench(LayerTransfers transfers, long streamedBytes, double bandwidth, double hostCopy)
{
    private long _bytes;
    private TimeSpan _busy;
    private TimeSpan _waited;
    private long _begun;

    public void Begin() => (_bytes, _busy, _waited, _begun) =
        (transfers.Bytes, transfers.Busy, transfers.Waited, Stopwatch.GetTimestamp());

    /// <summary>What happened since <see cref="Begin"/>, for people.</summary>
    public string Text(BenchTest test, MistralModel model)
    {
        double speed = (transfers.Bytes - _bytes) / (transfers.Busy - _busy).TotalSeconds;
        double waited = (transfers.Waited - _waited) / Stopwatch.GetElapsedTime(_begun);
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"  streamed at {speed / 1e9:0.0} GB/s, {speed / hostCopy:0 %} of a copy from the host; passes waited {
                waited:0 %} of the time");
        if (test.IsPrefill)
        {
            return text;
        }

        double compute = model.Graph.Cost(new Pass(test.Texts, 0, test.Texts)).Bytes / bandwidth;
        double transfer = streamedBytes / hostCopy;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{text}; at these speeds at most {test.Texts / Math.Max(compute, transfer):0.0} tokens/s, as {
                (compute > transfer ? "memory" : "transfers")} allow");
    }
}

using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Checkpoints.Conversion;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Transfers;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>Runs the tests on one model in one type on one device, in turns with another program if there is one.</summary>
internal sealed class ModelBenchRun(
    IReadOnlyList<BenchTest> tests, int repetitions, LlamaCpp? peer, Narrator narrator, CancellationToken cancellation)
{
    public IReadOnlyList<BenchResult> Run(ModelSettings settings)
    {
        if (peer is null)
        {
            return Measure(settings, settings.Model);
        }

        peer.Require(tests);
        if (settings.Options.WeightType is null && File.Exists(settings.Model) && ModelConversion.IsGguf(settings.Model))
        {
            return Measure(settings, settings.Model);
        }

        // Both programs read the same file.
        string file = Path.Combine(Path.GetTempPath(), $"mistral-bench-{Guid.NewGuid():N}.gguf");
        try
        {
            using (var checkpoint = Checkpoint.Open(settings.Model))
            {
                ProgressBar.OverTensors(narrator, $"converting {checkpoint.Name}", checkpoint.TotalBytes, progress =>
                    ModelConversion.Convert(checkpoint, file, settings.Options.WeightType, progress, cancellation));
            }

            return Measure(settings with { Model = file, Options = settings.Options with { WeightType = null } }, settings.Model);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private List<BenchResult> Measure(ModelSettings settings, string name)
    {
        // A model without a window needs a context for the longest text.
        int longest = tests.Max(test => test.Depth + test.Tokens);
        settings = settings with { Options = settings.Options with { Sequences = tests.Max(test => test.Texts) } };
        using (var checkpoint = Checkpoint.Open(settings.Model))
        {
            name = name == settings.Model ? checkpoint.Name : name;
            if (settings.Options.ContextOf(settings.Options.Adapt(checkpoint.Config)) < longest
                && settings.Options.Context is null)
            {
                settings = settings with { Options = settings.Options with { Context = longest } };
            }
        }

        // Before the model is loaded if it is streamed, because it then leaves little memory.
        var copies = IsStreamed(settings) ? MeasureCopies(settings) : default;
        using var loaded = LoadedModel.Open(settings, narrator, cancellation);
        loaded.Model.Prepare();
        double bandwidth = copies.OnDevice > 0 ? copies.OnDevice : CopyLimit.Of(loaded.Model);
        narrator.Say($"a copy reaches {bandwidth / 1e9:0.0} GB/s");
        if (copies.FromHost > 0)
        {
            narrator.Say($"a copy from the host reaches {copies.FromHost / 1e9:0.0} GB/s");
        }

        return [.. tests.Select(test => Measure(test, settings, name, loaded, bandwidth, copies.FromHost))];
    }

    private static bool IsStreamed(ModelSettings settings)
    {
        using var checkpoint = Checkpoint.Open(settings.Model);
        return MemoryPlan.Of(
            settings.Options.Adapt(checkpoint.Config), checkpoint.Tensors, settings.Options,
            settings.RoomsOn(settings.ListDevices())).Parts
            .Any(part => part.Residency is { Streamed.Count: > 0, IsInPlace: false });
    }

    private static (double OnDevice, double FromHost) MeasureCopies(ModelSettings settings)
    {
        using var devices = DeviceList.Open(settings.Device, settings.DeviceOptions, settings.Memory);
        return (devices.Min(CopyBandwidth.Measure), devices.Min(HostCopy.Measure));
    }

    private BenchResult Measure(BenchTest test, ModelSettings settings, string name, LoadedModel loaded, double bandwidth,
        double hostCopy)
    {
        var bench = new ModelBench(loaded.Model);
        int threads = settings.Threads ?? Environment.ProcessorCount;
        var samples = new List<BenchSample>();
        var peerSpeeds = new List<double>();
        Sample();
        var transfers = hostCopy == 0 || loaded.Model.Parts.All(part => part.Transfers is null)
            ? null : new TransferBench(loaded.Model, hostCopy);
        for (int i = 0; i < repetitions; i++)
        {
            samples.Add(transfers is null ? Sample() : transfers.Sample(Sample));
            if (peer is not null)
            {
                peerSpeeds.Add(peer.Measure(settings.Model, test, threads, loaded.Devices[0].Info.IsGpu, cancellation));
            }
        }

        double gigabytes = samples.Average(sample => sample.BytesPerSecond) / 1e9;
        var result = new BenchResult(
            name, Parameters(loaded), TypeName(settings, loaded), loaded.Devices.Id,
            loaded.Devices[0].Info.IsGpu ? null : threads, test.Name, test.Depth, test.Texts,
            BenchSpeed.Of([.. samples.Select(sample => sample.TokensPerSecond)]),
            Math.Round(gigabytes, 3),
            test.IsPrefill ? null : Math.Round(gigabytes * 1e9 / bandwidth, 4));
        if (peer is not null)
        {
            double theirs = Math.Round(peerSpeeds.Average(), 3);
            result = result with
            {
                Peer = new BenchPeer(LlamaCpp.Name, theirs, Math.Round(result.TokensPerSecond.Mean / theirs, 4))
            };
        }

        result = result with { Streaming = transfers?.Result(test, result.TokensPerSecond.Mean) };
        narrator.Say(
            $"{test.Name} at depth {test.Depth}{Together(test.Texts)}: {result.TokensPerSecond.Mean:0.0} ± {
                result.TokensPerSecond.Sd:0.0} tokens/s{Beside(result.Peer)}");
        if (result.Streaming is { } streaming)
        {
            narrator.Say($"  predicted {streaming.PredictedTokensPerSecond:0.0} tokens/s, limited by {
                streaming.Limit}: a pass computes {streaming.ComputeMs:0.0} ms and copies {
                streaming.TransferMs:0.0} ms; measured {streaming.Ratio:0 %} of it");
            narrator.Say($"  streamed at {streaming.GbPerSecond:0.0} GB/s, {streaming.CopyFraction:0 %} of a copy from the host");
        }

        return result;

        BenchSample Sample()
        {
            cancellation.ThrowIfCancellationRequested();
            return test.IsPrefill ? bench.Prefill(test.Tokens, test.Depth) : bench.Decode(test.Tokens, test.Depth, test.Texts);
        }
    }

    private static string Together(int texts) => texts == 1 ? "" : FormattableString.Invariant($", {texts} texts together");

    private static string Beside(BenchPeer? peer) =>
        peer is null ? "" : FormattableString.Invariant($", {peer.Name} {peer.TokensPerSecond:0.0}, ratio {peer.Ratio:0.00}");

    private static long Parameters(LoadedModel loaded) =>
        loaded.Checkpoint.Tensors.Values.Sum(tensor => (long)tensor.Rows * tensor.Columns);

    // The type of most weights.
    private static string TypeName(ModelSettings settings, LoadedModel loaded) => loaded.Checkpoint.Tensors.Values
        .GroupBy(tensor => tensor.FormatAs(settings.Options.WeightType))
        .MaxBy(group => group.Sum(tensor => (long)tensor.Rows * tensor.Columns))!.Key.ShortName();
}

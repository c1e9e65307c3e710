using System.CommandLine;
using System.Globalization;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli.Loading;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;
using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>
/// <c>mistral bench attention</c>: measures what the sliding window, the rotating cache and grouped queries save.
/// </summary>
internal static class BenchAttentionCommand
{
    private const int Window = 4096;
    private const int DecodeTokens = 16;

    public static Command Create(Terminal terminal)
    {
        var lengths = ValueOptions.Counts("--lengths", "Lengths of text, in tokens; if not given 4096,8192,16384,32768.", 1);
        var repetitions = ValueOptions.Count("-r", "Repetitions, of which the best counts; 3 if not given.", 1);
        var model = new ModelSettingsOptions();
        var output = new OutputOptions();
        var command = new ExampleCommand(
            "attention",
            $"Measures one layer's attention in the model's shape, "
            + $"causal over everything and with a window ({Window} if not given).",
            "mistral bench attention -m random:mistral-7b --lengths 8192,32768")
        {
            lengths, repetitions,
        };
        model.AddTo(command);
        output.AddTo(command);
        command.SetAction(parse => Run(
            parse.GetIds(lengths) ?? [4096, 8192, 16384, 32768], parse.GetValue(repetitions) ?? 3,
            model.Read(parse), output.Narrator(parse, terminal), output.IsJson(parse)));
        return command;
    }

    private static int Run(int[] lengths, int repetitions, ModelSettings settings, Narrator narrator, bool isJson)
    {
        using var interrupts = new Interrupts(narrator.Terminal);
        using var checkpoint = Checkpoint.Open(settings.Model);
        using var device = ComputeDevice.Open(settings.Device, settings.DeviceOptions);
        narrator.Say($"device {device.Info.Id}: {device.Info.Name}; {checkpoint.Name}: {Shape(checkpoint.Config)}");
        int window = settings.Options.SlidingWindow ?? Window;
        var rows = new List<Row>();
        foreach (int length in lengths)
        {
            rows.Add(Measure(device, checkpoint.Config, settings.Options, window, length, repetitions, interrupts.Token));
            narrator.Say(
                $"{length} tokens: {rows[^1].Full.TotalMilliseconds:0.0} ms, with the window {
                    rows[^1].Windowed.TotalMilliseconds:0.0} ms");
        }

        if (isJson)
        {
            WriteJson(rows, narrator.Terminal.Out);
        }
        else
        {
            WriteTable(rows, narrator.Terminal);
        }

        return ExitCode.Done;
    }

    private static Row Measure(
        ComputeDevice device, ModelConfig config, ModelOptions options, int window,
        int length, int repetitions, CancellationToken cancellation)
    {
        using var full = new AttentionBench(device, config, options, length, length + DecodeTokens);
        using var windowed = new AttentionBench(device, config, options, window, length + DecodeTokens);
        var best = new TimeSpan[4];
        Array.Fill(best, TimeSpan.MaxValue);
        // The two alternate, so that other load on the machine affects both. The first round warms up.
        for (int i = -1; i < repetitions; i++)
        {
            int tokens = i < 0 ? Math.Min(length, options.ChunkOn(device.Info)) : length;
            Take(0, full.TimePrefill(tokens));
            Take(1, windowed.TimePrefill(tokens));
            Take(2, full.TimeDecode(length, DecodeTokens));
            Take(3, windowed.TimeDecode(length, DecodeTokens));

            void Take(int index, TimeSpan time)
            {
                cancellation.ThrowIfCancellationRequested();
                best[index] = i >= 0 && time < best[index] ? time : best[index];
            }
        }

        return new Row(
            length, window, best[0], best[1], best[2], best[3],
            CacheBytes(config, options, length, length),
            CacheBytes(config, options, length, window), config.HeadCount / config.KvHeadCount);
    }

    // The cache of all layers for one text of this length.
    private static long CacheBytes(ModelConfig config, ModelOptions options, int length, int window) =>
        RotatingKvCache.BytesFor(
            config with { SlidingWindow = window, LayerWindows = [] }, options with { Context = length, SlidingWindow = null });

    private static void WriteTable(List<Row> rows, Terminal terminal) => TextTable.Write(
        terminal,
        [
            "tokens", "window", "full", "windowed", "ratio", "ideal", "of ideal", "decode full",
            "windowed", "cache full", "windowed", "of it read per token", "multi-head"
        ],
        rows.Select(row => (IReadOnlyList<string>)
        [
            Text($"{row.Length}"), Text($"{row.Window}"), Milliseconds(row.Full),
            Milliseconds(row.Windowed), Text($"{row.Ratio:0.00}"), Text($"{row.IdealRatio:0.00}"),
            Text($"{row.Ratio / row.IdealRatio:0 %}"), Milliseconds(row.DecodeFull), Milliseconds(row.DecodeWindowed),
            ByteSize.Text(row.CacheBytesFull), ByteSize.Text(row.CacheBytesWindowed),
            ByteSize.Text(row.CacheBytesWindowed), ByteSize.Text(row.CacheBytesWindowed * row.Group),
        ]));

    private static void WriteJson(List<Row> rows, TextWriter output) => Json.WriteLine(output, json =>
    {
        json.WriteStartArray();
        foreach (var row in rows)
        {
            json.WriteStartObject();
            json.WriteNumber("length", row.Length);
            json.WriteNumber("window", row.Window);
            json.WriteMilliseconds("full_ms", row.Full);
            json.WriteMilliseconds("windowed_ms", row.Windowed);
            json.WriteNumber("ratio", Math.Round(row.Ratio, 4));
            json.WriteNumber("ideal_ratio", Math.Round(row.IdealRatio, 4));
            json.WriteMilliseconds("decode_full_ms", row.DecodeFull);
            json.WriteMilliseconds("decode_windowed_ms", row.DecodeWindowed);
            json.WriteNumber("cache_bytes_full", row.CacheBytesFull);
            json.WriteNumber("cache_bytes_windowed", row.CacheBytesWindowed);
            // A decoded token reads the cache once. With a kv head for each query head, the cache would be larger by the group
            // size.
            json.WriteNumber("cache_read_bytes", row.CacheBytesWindowed);
            json.WriteNumber("cache_read_bytes_multi_head", row.CacheBytesWindowed * row.Group);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    private static string Shape(ModelConfig config) =>
        Text($"{config.HeadCount} heads over {config.KvHeadCount} kv heads of {config.HeadDim}");

    private static string Milliseconds(TimeSpan time) => Text($"{time.TotalMilliseconds:0.00} ms");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed record Row(
        int Length, int Window, TimeSpan Full, TimeSpan Windowed, TimeSpan DecodeFull,
        TimeSpan DecodeWindowed, long CacheBytesFull, long CacheBytesWindowed, int Group)
    {
        public double Ratio => Full / Windowed;

        public double IdealRatio => AttentionBench.IdealRatio(Length, Window);
    }
}

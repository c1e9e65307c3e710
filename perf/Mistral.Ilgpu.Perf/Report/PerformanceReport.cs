using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Cli;
using Mistral.Ilgpu.Cli.Benchmarks;

namespace Mistral.Ilgpu.Perf.Report;

/// <summary>
/// Runs <c>mistral bench</c> as a user would and writes what it measured as Markdown with plots. They are prompts and generation
/// against length, the window against everything, and quantizations against the limit and llama.cpp.
/// </summary>
internal sealed class PerformanceReport
{
    private static readonly string[] Types = ["bf16", "f16", "q8_0", "q6_k", "q4_k", "q4_0"];

    // Prompts of the lengths that take a second or two each here, not more.
    private const double Patience = 4;
    private static readonly int[] PromptLengths = [64, 128, 256, 512, 1024, 2048, 4096];
    private static readonly int[] Depths = [64, 256, 1024, 4096, 8192, 16384, 32768];

    private readonly StringBuilder _text = new();
    private readonly string _device;
    private readonly string _model;
    private readonly string? _against;
    private readonly string _folder;
    private readonly string _stem;

    private PerformanceReport(string device, string model, string? against, string folder)
    {
        (_device, _model, _against, _folder) = (device, model, against, folder);
        _stem = $"{DateTime.UtcNow:yyyy-MM-dd}-{device.Replace(":", "", StringComparison.Ordinal)}";
    }

    /// <returns>The exit code.</returns>
    public static int Write(string device, string model, string? against, string folder)
    {
        Directory.CreateDirectory(folder);
        var report = new PerformanceReport(device, model, against, folder);
        report.Write();
        string file = Path.Combine(folder, $"{report._stem}.md");
        File.WriteAllText(file, report._text.ToString());
        Console.WriteLine(file);
        return 0;
    }

    private void Write()
    {
        Say($"# {_model} on {_device}\n\n{DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC, commit {Git("rev-parse", "--short", "HEAD")}{(Git("status", "--porcelain", "src", "kernels").Length > 0 ? " with changes" : "")}, {Environment.ProcessorCount} cores.\n");
        Quantizations();
        Prompts();
        Generation();
        Window();
    }

    private void Quantizations()
    {
        using var checkpoint = Checkpoint.Open(_model);
        var config = checkpoint.Config;
        // Whole blocks in every row.
        var types = TensorFormatExtensions.Encodable.Where(type =>
            Types.Contains(type.ShortName()) && config.Dim % type.BlockLength() == 0 && config.FeedForwardDim % type.BlockLength() == 0);
        string[] command = ["bench", "--model", _model, "--type", string.Join(',', types.Select(type => type.ShortName())), "--device", _device, "-p", "256", "-n", "64", .. Against()];
        var results = Bench("Quantizations", "A prompt of 256 tokens and 64 generated. What generation must read, over its time, is held against the bandwidth of a copy.", command);
        foreach (var (test, title) in new[] { ("pp256", "Prompt of 256 tokens"), ("tg64", "Generation of 64 tokens") })
        {
            var shown = results.Where(result => result.Test == test).ToList();
            var groups = new List<(string, IReadOnlyList<double>)> { ("Mistral.Ilgpu", [.. shown.Select(result => result.TokensPerSecond.Mean)]) };
            if (shown.All(result => result.Peer is not null))
            {
                groups.Add((LlamaCpp.Name, [.. shown.Select(result => result.Peer!.TokensPerSecond)]));
            }

            if (shown.All(result => result.LimitFraction > 0))
            {
                groups.Add(
                    ("limit of a copy", [.. shown.Select(result => result.TokensPerSecond.Mean / result.LimitFraction!.Value)]));
            }

            Plot(
                $"types-{test}",
                Charts.Bars($"{title}, {_model} on {_device}", "tokens/s", [.. shown.Select(result => result.Type)], groups));
        }
    }

    private void Prompts()
    {
        double speed = Json(["bench", "--model", _model, "--device", _device, "-p", "64", "-n", "0", "-r", "1"])
            .Single().TokensPerSecond.Mean;
        int[] lengths = [.. PromptLengths.Where(length => length <= Math.Max(256, speed * Patience))];
        var results = Bench(
            "Prompts against length", "Whole prompts of these lengths.",
            ["bench", "--model", _model, "--device", _device, "-p", string.Join(',', lengths), "-n", "0", "-r", "2"]);
        Plot("prompts", Charts.Lines(
            $"Prompts, {_model} on {_device}", "tokens of prompt", "tokens/s", [("prompt", results.Zip(lengths, (result, length) => ((double)length, result.TokensPerSecond.Mean)))]));
    }

    private void Generation()
    {
        string depths = string.Join(',', Depths);
        string[] command = ["bench", "--model", _model, "--device", _device, "-p", "0", "-n", "32", "-r", "3", "-d", depths];
        var windowed = Bench("Generation against length", "32 tokens behind texts of these lengths, with a window of 4,096.", [.. command, "--sliding-window", "4096"]);
        var full = Bench(
            "Generation without a window", "The same, seeing everything.",
            [.. command, "--sliding-window", (Depths[^1] + 32).ToString(CultureInfo.InvariantCulture)]);
        Plot("generation", Charts.Lines(
            $"Generation, {_model} on {_device}", "tokens before", "tokens/s",
            [("window of 4,096", Points(windowed)), ("without a window", Points(full)), ("limit of a copy", Points(windowed, toLimit: true))]));
    }

    private void Window()
    {
        string[] command = ["bench", "attention", "--model", "tiny", "--device", _device, "--lengths", "4096,8192,16384"];
        using var json = JsonDocument.Parse(Run([.. command, "--format", "json"]));
        var rows = json.RootElement.EnumerateArray().ToList();
        Say($"## The window against everything\n\n`mistral {string.Join(' ', command)}`: attention of one layer alone, causal over everything and with a window of 4,096.\n");
        Say($"| tokens | full | windowed | ratio | ratio of the work |\n|---|---|---|---|---|");
        foreach (var row in rows)
        {
            Say($"| {Number("length"):0} | {Number("full_ms"):0} ms | {Number("windowed_ms"):0} ms | {Number("ratio"):0.00} | {Number("ideal_ratio"):0.00} |");

            double Number(string name) => row.GetProperty(name).GetDouble();
        }

        Say($"");
        Plot("window", Charts.Lines(
            $"Attention of a prompt, shape of tiny on {_device}", "tokens", "ms",
            [("everything", Times("full_ms")), ("window of 4,096", Times("windowed_ms"))]));

        IEnumerable<(double X, double Y)> Times(string name) =>
            rows.Select(row => (row.GetProperty("length").GetDouble(), row.GetProperty(name).GetDouble()));
    }

    private static IEnumerable<(double X, double Y)> Points(IEnumerable<BenchResult> results, bool toLimit = false) =>
        results.Select(result => ((double)result.Depth, toLimit ? result.TokensPerSecond.Mean / result.LimitFraction!.Value : result.TokensPerSecond.Mean));

    private List<BenchResult> Bench(string title, string what, string[] command)
    {
        var results = Json(command);
        Say($"## {title}\n\n`mistral {string.Join(' ', command)}`. {what}\n");
        using var table = new StringWriter();
        using (var terminal = new Terminal(TextReader.Null, table, TextWriter.Null))
        {
            BenchTable.Write(terminal, results, "markdown");
        }

        Say($"{table}");
        return results;
    }

    private static List<BenchResult> Json(string[] command) =>
        JsonSerializer.Deserialize<List<BenchResult>>(Run([.. command, "--format", "json"]), BenchResult.JsonOptions)!;

    // Its progress goes to standard error.
    private static string Run(string[] command)
    {
        using var output = new StringWriter();
        using var terminal = new Terminal(TextReader.Null, output, Console.Error);
        int code = Cli.CommandLine.Run(command, terminal);
        return code == 0
            ? output.ToString()
            : throw new InvalidOperationException($"mistral {string.Join(' ', command)} ended with {code}");
    }

    private void Plot(string name, string svg)
    {
        string file = $"{_stem}-{name}.svg";
        File.WriteAllText(Path.Combine(_folder, file), svg);
        Say($"![{name}]({file})\n");
    }

    private string[] Against() => _against is null ? [] : ["--against", _against];

    private static string Git(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true })!;
        return process.StandardOutput.ReadToEnd().Trim();
    }

    private void Say(FormattableString text) => _text.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
}

using System.Globalization;
using System.Text.Json;
using CsvHelper;
using Mistral.Ilgpu.Cli.Output;

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>Writes results as text, Markdown, CSV or JSON.</summary>
internal static class BenchTable
{
    public static void Write(Terminal terminal, IReadOnlyList<BenchResult> results, string format)
    {
        switch (format)
        {
            case "json":
                terminal.Out.Write(JsonSerializer.Serialize(results, BenchResult.JsonOptions) + "\n");
                break;
            case "csv":
                WriteCsv(terminal.Out, results);
                break;
            case "markdown":
                WriteMarkdown(terminal.Out, Headings(results), results.Select(Cells));
                break;
            default:
                TextTable.Write(terminal, Headings(results), results.Select(Cells));
                break;
        }
    }

    private static List<string> Headings(IReadOnlyList<BenchResult> results)
    {
        string[] headings =
        [
            "model", "params", "type", "device", "threads", "test", "depth", "batch", "tokens/s", "best", "GB/s", "of the copy"
        ];
        string[] streaming = results[0].Streaming is null ? [] : ["predicted", "of it", "transfers GB/s", "of the copy"];
        string[] peers = results[0].Peer is { } peer ? [peer.Name, "ratio"] : [];
        return [.. headings, .. streaming, .. peers];
    }

    private static List<string> Cells(BenchResult result)
    {
        List<string> cells =
        [
            result.Model, Text($"{result.Params / 1e6:0.0} M"), result.Type,
            result.Device, result.Threads is { } threads ? Text($"{threads}") : "-",
            result.Test, Text($"{result.Depth}"), Text($"{result.Batch}"),
            Text($"{result.TokensPerSecond.Mean:0.0} ± {result.TokensPerSecond.Sd:0.0}"),
            Text($"{result.TokensPerSecond.Best:0.0}"), Text($"{result.GbPerSecond:0.0}"),
            result.LimitFraction is { } fraction ? Text($"{fraction:0 %}") : "-",
        ];
        if (result.Streaming is { } streaming)
        {
            cells.AddRange(
                Text($"{streaming.PredictedTokensPerSecond:0.0}"), Text($"{streaming.Ratio:0 %}"),
                Text($"{streaming.GbPerSecond:0.0}"), Text($"{streaming.CopyFraction:0 %}"));
        }

        return result.Peer is { } peer ? [.. cells, Text($"{peer.TokensPerSecond:0.0}"), Text($"{peer.Ratio:0.00}")] : cells;
    }

    private static void WriteMarkdown(TextWriter output, IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        Row(headings);
        Row([.. headings.Select(_ => "---")]);
        foreach (var row in rows)
        {
            Row(row);
        }

        void Row(IReadOnlyList<string> cells) =>
            output.Write($"| {string.Join(" | ", cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |\n");
    }

    private static void WriteCsv(TextWriter output, IReadOnlyList<BenchResult> results)
    {
        using var csv = CsvWriter.Create(output, new CsvWriterOptions { NewLine = "\n" }, leaveOpen: true);
        csv.WriteHeader(
        [
            "model", "params", "type", "device", "threads", "test", "depth",
            "batch", "mean", "sd", "best", "gb_per_second", "limit_fraction", "peer", "peer_tokens_per_second", "ratio",
        ]);
        foreach (var result in results)
        {
            csv.WriteRecord(
            [
                result.Model, Text($"{result.Params}"), result.Type, result.Device,
                Text($"{result.Threads}"), result.Test, Text($"{result.Depth}"), Text($"{result.Batch}"),
                Text($"{result.TokensPerSecond.Mean}"), Text($"{result.TokensPerSecond.Sd}"),
                Text($"{result.TokensPerSecond.Best}"), Text($"{result.GbPerSecond}"), Text($"{result.LimitFraction}"),
                Text($"{result.Peer?.Name}"), Text($"{result.Peer?.TokensPerSecond}"), Text($"{result.Peer?.Ratio}"),
            ]);
        }

        csv.Flush();
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

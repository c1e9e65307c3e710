using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Perf.Serving;
using Mistral.Ilgpu.Tokenization;

namespace Mistral.Ilgpu.Perf.Report;

/// <summary>
/// MaskBench (github.com/guidance-ai/jsonschemabench): schemas with values that match them and values that do not. A schema
/// passes if each value that matches is accepted token by token, and each other one is refused at some token or at its end.
/// </summary>
internal sealed class MasksReport(TextTokenizer tokenizer)
{
    private readonly List<double> _compile = [];
    private readonly List<double> _first = [];
    private readonly List<double> _masks = [];
    private readonly SortedDictionary<string, int> _outcomes = new(StringComparer.Ordinal);

    /// <param name="path">Lines of <c>{"name", "schema", "tests": [{"valid", "data"}]}</c>, perhaps packed by gzip.</param>
    /// <param name="listing">Is told of each schema that does not pass, and of slow masks.</param>
    public void Write(string path, TextWriter output, TextWriter listing)
    {
        using var file = File.OpenRead(path);
        using var reader = new StreamReader(
            path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file);
        string[] lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // Twice, because what is measured is the constraints and not .NET's compiler.
        foreach (string line in lines)
        {
            Check(line, TextWriter.Null);
        }

        _compile.Clear();
        _first.Clear();
        _masks.Clear();
        _outcomes.Clear();
        foreach (string line in lines)
        {
            Check(line, listing);
        }

        int passed = _outcomes.GetValueOrDefault("passed");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"schemas {lines.Length}, passed {passed} ({100.0 * passed / lines.Length:F1} %)"));
        foreach (var (outcome, count) in _outcomes)
        {
            output.WriteLine($"  {outcome}: {count}");
        }

        WriteTimes(output, "compile", _compile, "µs");
        WriteTimes(output, "first mask, with compile", _first, "µs");
        WriteTimes(output, "masks", _masks, "µs");
    }

    private void Check(string line, TextWriter listing)
    {
        using var document = JsonDocument.Parse(line);
        string name = document.RootElement.GetProperty("name").GetString()!;
        string outcome = Outcome(document.RootElement, name, listing);
        int colon = outcome.IndexOf(':');
        string kind = colon < 0 ? outcome : outcome[..colon];
        _outcomes[kind] = _outcomes.GetValueOrDefault(kind) + 1;
        if (kind != "passed")
        {
            listing.WriteLine($"{name}\t{outcome}");
        }
    }

    private string Outcome(JsonElement root, string name, TextWriter listing)
    {
        CompiledConstraint compiled;
        long begun = Stopwatch.GetTimestamp();
        try
        {
            compiled = new ConstraintSource(ConstraintKind.JsonSchema, root.GetProperty("schema").GetRawText()).Compile();
        }
        catch (ArgumentException exception)
        {
            return $"refused: {exception.Message}";
        }

        _compile.Add(Stopwatch.GetElapsedTime(begun).TotalMicroseconds);
        bool isFirst = true;
        foreach (var test in root.GetProperty("tests").EnumerateArray())
        {
            bool isValid = test.GetProperty("valid").GetBoolean();
            string text = test.GetProperty("data").GetRawText();
            var matcher = new ConstraintMatcher(compiled, tokenizer, dropsFirstSpace: true);
            bool isAccepted = true;
            string where = "";
            foreach (int id in tokenizer.EncodeToIds(text))
            {
                long before = Stopwatch.GetTimestamp();
                bool isIn;
                try
                {
                    isIn = matcher.Mask().Contains(id);
                }
                catch (ArgumentException exception)
                {
                    return $"refused late: {exception.Message}";
                }

                double taken = Stopwatch.GetElapsedTime(before).TotalMicroseconds;
                if (isFirst)
                {
                    _first.Add(Stopwatch.GetElapsedTime(begun).TotalMicroseconds);
                    isFirst = false;
                }

                if (taken > 3000)
                {
                    listing.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}\tslow: {taken:F0} µs before {where}"));
                }

                _masks.Add(taken);
                if (matcher.TryAccept(id) != isIn)
                {
                    return $"fault: mask and step differ at {tokenizer.IdToPiece(id)} behind {where}";
                }

                if (!isIn)
                {
                    isAccepted = false;
                    break;
                }

                where = where.Length > 60 ? where[^60..] + tokenizer.IdToPiece(id) : where + tokenizer.IdToPiece(id);
            }

            isAccepted &= matcher.IsComplete;
            if (isAccepted != isValid)
            {
                return isValid
                    ? $"too narrow: refused behind {where}"
                    : $"too wide: accepted {text[..Math.Min(200, text.Length)]}";
            }
        }

        return "passed";
    }

    private static void WriteTimes(TextWriter output, string name, List<double> times, string unit)
    {
        var quantiles = new Quantiles([.. times]);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {times.Count}, mean {times.DefaultIfEmpty().Average():F1}, median {quantiles.At(0.5):F1}, ")
            + string.Create(
                CultureInfo.InvariantCulture,
                $"p90 {quantiles.At(0.9):F1}, p99 {quantiles.At(0.99):F1}, most {quantiles.At(1):F1} {unit}"));
    }
}

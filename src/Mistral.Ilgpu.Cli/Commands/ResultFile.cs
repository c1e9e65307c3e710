using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Cli.Options;
using Mistral.Ilgpu.Cli.Output;

namespace Mistral.Ilgpu.Cli.Commands;

/// <summary>
/// The results of <c>generate --input</c> in a file that an interrupted run may have started. Each line has the model and the
/// settings that it was generated with, so that a later run continues only with the same ones.
/// </summary>
internal sealed class ResultFile
{
    public const string SettingsName = "settings";

    private readonly List<Line> _lines = [];
    private readonly string _path;
    // Bytes up to the last line end, because an interrupted run may have left a partial line.
    private readonly long _wholeBytes;

    /// <exception cref="ModelFileException">A line of the file is not a result, or the file cannot be read.</exception>
    public ResultFile(string path)
    {
        _path = path;
        if (!File.Exists(path))
        {
            return;
        }

        byte[] bytes = DataFile.Read(path, File.ReadAllBytes);
        _wholeBytes = bytes.AsSpan().LastIndexOf((byte)'\n') + 1;
        string[] lines = Encoding.UTF8.GetString(bytes, 0, (int)_wholeBytes).Split('\n');
        _lines.AddRange(
            lines[..^1].Select((line, index) => DataFile.Parse(Where(index), line, root => Line.Read(Where(index), root))));
    }

    /// <summary>The number of prompts that have a result.</summary>
    public int Count => _lines.Count;

    /// <summary>The number of results that are errors.</summary>
    public int FailedCount => _lines.Count(line => line.IsError);

    /// <summary>The seed of the existing results. A run without a seed continues with it.</summary>
    public ulong? Seed =>
        _lines is [{ Settings: { } settings }, ..] && settings.TryGetValue(ResultSettings.SeedName, out string? text)
        && ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) ? seed : null;

    /// <exception cref="ModelFileException">The results have other prompts, another model or other settings.</exception>
    public void Require(IReadOnlyList<int[]> prompts, JsonObject settings)
    {
        for (int i = 0; i < _lines.Count; i++)
        {
            if (i >= prompts.Count || !_lines[i].PromptIds.AsSpan().SequenceEqual(prompts[i]))
            {
                throw new ModelFileException(Where(i), FormattableString.Invariant(
                    $"prompt_ids: found those of another prompt, expected prompt {
                        i + 1}'s; --output continues only with the same --input"));
            }

            if (ResultSettings.Difference(_lines[i].Settings, settings) is { } difference)
            {
                throw new ModelFileException(
                    Where(i),
                    $"{difference}; --output continues only with the same model and settings; use another file for others");
            }
        }
    }

    /// <summary>Opens the file for writing after its last whole line.</summary>
    /// <exception cref="ModelFileException">The file cannot be written.</exception>
    public StreamWriter Append()
    {
        var file = OutputFile.Open($"--output {_path}", _path, FileMode.OpenOrCreate);
        // A pipe or a device has no earlier lines.
        if (file.CanSeek)
        {
            file.SetLength(_wholeBytes);
            file.Position = _wholeBytes;
        }

        return new StreamWriter(OutputStream.ForResults(file, _path));
    }

    private string Where(int index) => FormattableString.Invariant($"{_path}, line {index + 1}");

    private sealed record Line(int[] PromptIds, Dictionary<string, string>? Settings, bool IsError)
    {
        public static Line Read(string where, JsonElement root) => root.ValueKind == JsonValueKind.Object
            ? new Line(
                ReadIds(where, root),
                root.TryGetProperty(SettingsName, out var settings) && settings.ValueKind == JsonValueKind.Object
                    ? ResultSettings.Values(settings)
                    : null,
                root.TryGetProperty("error", out _))
            : throw new ModelFileException(where, $"found JSON {root.ValueKind}, expected a result");

        private static int[] ReadIds(string where, JsonElement root)
        {
            if (!root.TryGetProperty("prompt_ids", out var ids) || ids.ValueKind != JsonValueKind.Array)
            {
                throw new ModelFileException(where, "found no prompt_ids, expected a list of token ids");
            }

            return
            [
                .. ids.EnumerateArray().Select(id => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int value)
                    ? value
                    : throw new ModelFileException(where, $"prompt_ids: found {id.GetRawText()}, expected token ids")),
            ];
        }
    }
}

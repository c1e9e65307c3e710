using System.Globalization;
using System.Text.Json;

namespace Mistral.Ilgpu.Cli.Options;

/// <summary>Reads texts from a file of JSON lines, each a string or an object with a string "prompt".</summary>
internal static class PromptFile
{
    /// <exception cref="ModelFileException">The file is missing, or a line is neither of these.</exception>
    public static IReadOnlyList<string> Read(string path)
    {
        string[] lines = DataFile.Read(path, File.ReadAllLines);
        List<string> texts = [];
        for (int i = 0; i < lines.Length; i++)
        {
            if (!string.IsNullOrWhiteSpace(lines[i]))
            {
                texts.Add(Parse(path, i + 1, lines[i]));
            }
        }

        return texts;
    }

    private static string Parse(string path, int line, string json)
    {
        string where = string.Create(CultureInfo.InvariantCulture, $"{path}, line {line}");
        return DataFile.Parse(where, json, root =>
        {
            var prompt = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("prompt", out var field) ? field : root;
            return prompt.ValueKind == JsonValueKind.String
                ? prompt.GetString()!
                : throw new ModelFileException(
                    where, $"found JSON {prompt.ValueKind}, expected a string or an object with a string \"prompt\"");
        });
    }
}

using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>The loops in a kernel's machine code for NVIDIA's GPUs, as their disassembler writes it.</summary>
internal static partial class NvidiaLoops
{
    /// <summary>The lines of each loop: from a label to a branch back to it.</summary>
    public static IEnumerable<string[]> Of(string code)
    {
        string[] lines = Lines(code);
        return Ranges(lines).Select(loop => lines[loop]);
    }

    /// <summary>The instructions of the loop within which there is no other that has most products, by their names with
    /// modifiers.</summary>
    public static string[] Main(string code)
    {
        string[] lines = Lines(code);
        Range[] loops = [.. Ranges(lines)];
        return loops
            .Where(loop => !loops.Any(other =>
                !other.Equals(loop) && other.Start.Value >= loop.Start.Value && other.End.Value <= loop.End.Value))
            .Select(loop => Names(lines[loop]))
            .OrderByDescending(loop => loop.Count(IsProduct)).ThenBy(loop => loop.Length).First();
    }

    /// <summary>Whether it multiplies matrices, or four bytes at once.</summary>
    public static bool IsProduct(string instruction) =>
        instruction.StartsWith("HMMA", StringComparison.Ordinal) || instruction.StartsWith("HGMMA", StringComparison.Ordinal)
        || instruction.StartsWith("IMMA", StringComparison.Ordinal) || instruction.StartsWith("IDP", StringComparison.Ordinal);

    /// <summary>The instructions among lines, by their names with modifiers.</summary>
    public static string[] Names(IEnumerable<string> lines) =>
    [
        .. lines.Select(line => Instruction().Match(line)).Where(match => match.Success)
            .Select(match => match.Groups["name"].Value),
    ];

    private static string[] Lines(string code) => [.. code.Split('\n').Select(line => line.Trim())];

    private static IEnumerable<Range> Ranges(string[] lines) => lines
        .Select((line, end) => (Start: Array.IndexOf(lines, BackTo().Match(line).Groups["label"].Value + ":"), End: end))
        .Where(loop => loop.Start >= 0 && loop.Start < loop.End)
        .Select(loop => loop.Start..(loop.End + 1));

    [GeneratedRegex(@"^\s*/\*[0-9a-f]+\*/\s+(@!?U?P\d+ )?(?<name>[A-Z][\w.]*)")]
    private static partial Regex Instruction();

    [GeneratedRegex(@"\bBRA[.\w]* (!?U?P\d+, )?`\((?<label>\.L\w+)\)")]
    private static partial Regex BackTo();
}

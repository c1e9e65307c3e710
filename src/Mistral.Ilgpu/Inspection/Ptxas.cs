using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Inspection;

/// <summary>What a kernel takes of an NVIDIA GPU.</summary>
/// <param name="Registers">Of each thread.</param>
/// <param name="SharedBytes">Of each group, as far as it is known before a launch.</param>
/// <param name="SpillBytes">Stored and loaded by each thread for want of registers.</param>
public sealed record PtxResources(int Registers, int SharedBytes, int SpillBytes);

/// <summary>NVIDIA's assembler of PTX, where it is installed.</summary>
public static partial class Ptxas
{
    /// <summary>Its path, or null where PATH has none.</summary>
    public static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "ptxas.exe" : "ptxas"))
        .FirstOrDefault(File.Exists);

    /// <summary>Assembles and reports what the kernel takes.</summary>
    /// <exception cref="InvalidDataException">It does not assemble; the message is the assembler's.</exception>
    public static PtxResources Assemble(string ptxas, string ptx, int architecture)
    {
        var folder = Directory.CreateTempSubdirectory("mistral-ptx-");
        try
        {
            string source = Path.Combine(folder.FullName, "kernel.ptx");
            File.WriteAllText(source, ptx);
            var start = new ProcessStartInfo(ptxas, [$"-arch=sm_{architecture}", "-v", source, "-o", source + ".cubin"])
            {
                RedirectStandardError = true,
            };
            using var process = Process.Start(start)!;
            string report = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 && Spills().Match(report) is { Success: true } spills && Registers().Match(report) is { Success: true } registers
                ? new PtxResources(
                    Number(registers, "count"),
                    Shared().Match(report) is { Success: true } shared ? Number(shared, "bytes") : 0,
                    Number(spills, "stores") + Number(spills, "loads"))
                : throw new InvalidDataException(report);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static int Number(Match match, string group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex("(?<stores>\\d+) bytes spill stores, (?<loads>\\d+) bytes spill loads")]
    private static partial Regex Spills();

    [GeneratedRegex("Used (?<count>\\d+) registers")]
    private static partial Regex Registers();

    [GeneratedRegex("(?<bytes>\\d+) bytes smem")]
    private static partial Regex Shared();
}

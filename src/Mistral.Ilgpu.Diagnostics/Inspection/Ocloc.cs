using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Execution.Compilation;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>Intel's offline compiler of OpenCL C, if it is installed. It is the compiler of Intel's driver.</summary>
internal sealed class Ocloc
{
    private const string NothingAtAll = "kernel void nothing() { }";

    private readonly string _program;

    private Ocloc(string program) => _program = program;

    /// <summary>The version of the driver that it belongs to, such as 22.43.24595; empty if it reports none.</summary>
    public string Version => InFolder(folder =>
    {
        const string Query = "OCL_DRIVER_VERSION";
        Tool.Run(_program, ["query", Query], folder: folder);
        string answer = Path.Combine(folder, Query);
        return File.Exists(answer) ? File.ReadAllText(answer).Trim() : "";
    });

    /// <summary>The compiler of PATH.</summary>
    /// <exception cref="MissingToolException">It is absent, or compiles nothing; the message says why.</exception>
    public static Ocloc Find()
    {
        var ocloc = new Ocloc(Tool.Find("ocloc")
            ?? throw new MissingToolException("found no ocloc on PATH, expected that of Intel's OpenCL driver"));
        var (binary, message) = ocloc.Run(NothingAtAll, IntelGpu.Dg2);
        return binary is not null ? ocloc
            : throw new MissingToolException(
                $"{ocloc._program}: {FirstError(message)}, expected that it compiles for {IntelGpu.Dg2}");
    }

    /// <summary>Compiles OpenCL C.</summary>
    /// <param name="source">A text with one kernel.</param>
    /// <exception cref="InvalidDataException">The text does not compile; the message is the compiler's.</exception>
    public IntelResources Compile(string source, IntelGpu gpu)
    {
        var (binary, message) = Run(source, gpu);
        return binary is not null ? ResourcesOf(binary) : throw new InvalidDataException(message);
    }

    /// <summary>What the compiler accepts for waves. It leaves what it does not know to be linked, so a call is a no.</summary>
    public WaveFeatures WavesOf(IntelGpu gpu) =>
        WaveProbe.Of(program => Run(program, gpu).Binary is { } binary && !ResourcesOf(binary).CallsFunctions);

    // The binary is an ELF file. Its section .ze_info is a text in YAML, and the kernel is the first that it describes.
    private static IntelResources ResourcesOf(byte[] binary)
    {
        string text = Encoding.Latin1.GetString(binary);
        int Number(string name, bool isOptional = false) =>
            Regex.Match(text, $@"\b{name}: *(\d+)") is { Success: true } match
                ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)
                : isOptional ? 0 : throw new InvalidDataException($"the binary: found no {name}, expected that of a kernel");

        return new IntelResources(
            Number("simd_size"), Number("grf_count"), Number(@"type: *scratch\s+usage: *\w+\s+size", isOptional: true),
            Number("slm_size", isOptional: true), text.Contains("has_stack_calls: true", StringComparison.Ordinal));
    }

    private (byte[]? Binary, string Message) Run(string source, IntelGpu gpu) => InFolder(folder =>
    {
        File.WriteAllText(Path.Combine(folder, "kernel.cl"), source);
        var result = Tool.Run(
            _program,
            ["compile", "-file", "kernel.cl", "-device", gpu.Name, "-options", "-cl-std=CL3.0", "--format", "zebin"],
            folder: folder);
        string? binary = Directory.EnumerateFiles(folder, "kernel*.bin").FirstOrDefault();
        return (result.ExitCode == 0 && binary is not null ? File.ReadAllBytes(binary) : null, result.Output + result.Error);
    });

    // The compiler reads and writes files, in the folder where it runs.
    private static TResult InFolder<TResult>(Func<string, TResult> act)
    {
        var folder = Directory.CreateTempSubdirectory("mistral-ocloc-");
        try
        {
            return act(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string FirstError(string message) => message.Split('\n')
        .FirstOrDefault(line => line.Contains("error", StringComparison.OrdinalIgnoreCase))?.Trim() ?? "compiles nothing";
}

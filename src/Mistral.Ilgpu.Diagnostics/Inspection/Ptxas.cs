using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>NVIDIA's assembler and disassembler, if they are installed.</summary>
internal static partial class Ptxas
{
    /// <summary>The path of the assembler; null if PATH has none.</summary>
    public static string? Find() => Tool.Find("ptxas");

    /// <summary>The path of the disassembler; null if PATH has none.</summary>
    public static string? FindDisassembler() => Tool.Find("nvdisasm");

    /// <summary>The assembler's version, such as V12.4.131; empty if it reports none.</summary>
    public static string VersionOf(string ptxas) => Version().Match(Run(ptxas, "--version").Output).Value;

    /// <summary>Assembles PTX and returns the resources of the kernel.</summary>
    /// <param name="ptx">The form's PTX for the architecture.</param>
    /// <exception cref="OlderPtxasException">The assembler does not know that version of PTX.</exception>
    /// <exception cref="InvalidDataException">The PTX does not assemble; the message is the assembler's.</exception>
    public static PtxResources Assemble(string ptxas, KernelForm form, string ptx, int architecture) =>
        Assemble(ptxas, form, ptx, architecture, (resources, _) => resources);

    /// <summary>Assembles PTX, and disassembles the machine code.</summary>
    /// <exception cref="InvalidDataException">One of the tools failed; the message is the tool's.</exception>
    public static (PtxResources Resources, string MachineCode) Disassemble(
        string ptxas, string nvdisasm, KernelForm form, int architecture) =>
        Assemble(ptxas, form, KernelCode.PtxOf(form, architecture), architecture, (resources, cubin) =>
            (resources, Run(nvdisasm, "-c", cubin).Output));

    private static T Assemble<T>(string ptxas, KernelForm form, string ptx, int architecture, Func<PtxResources, string, T> use)
    {
        var folder = Directory.CreateTempSubdirectory("mistral-ptx-");
        try
        {
            string source = Path.Combine(folder.FullName, "kernel.ptx");
            File.WriteAllText(source, ptx);
            string cubin = source + ".cubin";
            string report = Run(ptxas, $"-arch={PtxTarget.NameFor(architecture, ptx)}", "-v", source, "-o", cubin).Error;
            return Spills().Match(report) is { Success: true } spills && Registers().Match(report) is { Success: true } registers
                ? use(
                    new PtxResources(
                        Number(registers, "count"),
                        form.DynamicSharedBytes
                            + (Shared().Match(report) is { Success: true } shared ? Number(shared, "bytes") : 0),
                        Number(spills, "stores") + Number(spills, "loads"))
                    {
                        Losses = [.. Loss().Matches(report).Select(loss => loss.Value)],
                    },
                    cubin)
                : throw new InvalidDataException(report);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static (string Output, string Error) Run(string program, params string[] arguments)
    {
        var result = Tool.Run(program, arguments);
        return result.ExitCode == 0 ? (result.Output, result.Error)
            : throw (Unknown().IsMatch(result.Error)
                ? new OlderPtxasException(result.Error) : new InvalidDataException(result.Error));
    }

    private static int Number(Match match, string group) =>
        int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex("(?<stores>\\d+) bytes spill stores, (?<loads>\\d+) bytes spill loads")]
    private static partial Regex Spills();

    [GeneratedRegex("Used (?<count>\\d+) registers")]
    private static partial Regex Registers();

    [GeneratedRegex("(?<bytes>\\d+) bytes smem")]
    private static partial Regex Shared();

    [GeneratedRegex(@"V[\d.]+\d")]
    private static partial Regex Version();

    [GeneratedRegex("Potential Performance Loss: .*")]
    private static partial Regex Loss();

    [GeneratedRegex("Unsupported \\.version|is not defined for option 'gpu-name'")]
    private static partial Regex Unknown();
}

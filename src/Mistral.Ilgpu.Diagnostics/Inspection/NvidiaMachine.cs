using System.Globalization;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>An architecture of NVIDIA's, and the ptxas and nvdisasm on PATH.</summary>
/// <param name="architecture">90 for sm_90.</param>
internal sealed class NvidiaMachine(int architecture) : IMachine
{
    public string Architecture => $"sm_{architecture}";

    /// <summary>90 for sm_90.</summary>
    public int Number => architecture;

    public string? Language => "sass";

    public string Tool => $"ptxas {Ptxas.VersionOf(Assembler)}";

    public string Loss => "spills";

    public IReadOnlyList<(string Heading, string Key)> Columns { get; } =
    [
        ("registers", "registers"), ("shared memory", "shared_bytes"), ("spills", "spill_bytes"),
        ("warps at once", "warps_per_multiprocessor"),
    ];

    private static string Assembler =>
        Ptxas.Find() ?? throw new MissingToolException("found no ptxas on PATH, expected NVIDIA's");

    public string? WhyNot(KernelForm form) => form switch
    {
        { CpuOnly: { } reason } => $"is for ILGPU's CPU accelerator alone ({reason})",
        { NeedsLanes: true } => "uses lanes, for CPUs",
        { IsForAmd: true } => "is made of AMD's instructions",
        _ when !form.IsFor(architecture) =>
            $"contains inline PTX for sm_{form.CudaArchitecture}{(form.IsForThatAlone ? " alone" : " and newer")}",
        _ => null,
    };

    // NVIDIA's OpenCL is not asked.
    public string OpenCl(KernelForm form) => KernelCode.OpenClOf(form);

    public CompiledForm Compile(KernelForm form, bool withCode = false)
    {
        string ptxas = Assembler;
        try
        {
            if (!withCode)
            {
                return Of(form, Ptxas.Assemble(ptxas, form, KernelCode.PtxOf(form, architecture), architecture), null);
            }

            string nvdisasm = Ptxas.FindDisassembler() ?? throw new MissingToolException(
                "found no nvdisasm on PATH, expected it beside ptxas; both come with NVIDIA's CUDA toolkit");
            var (resources, code) = Ptxas.Disassemble(ptxas, nvdisasm, form, architecture);
            return Of(form, resources, code);
        }
        catch (OlderPtxasException exception)
        {
            throw new MissingToolException(
                $"the ptxas on PATH is too old for '{form.Name}': {exception.Message.ReplaceLineEndings(" ").Trim()}");
        }
    }

    private CompiledForm Of(KernelForm form, PtxResources taken, string? code)
    {
        var occupancy = form.GroupSize is { } threads ? Occupancy.Of(taken, threads, architecture) : null;
        string[] spills = taken.SpillBytes == 0 ? [] : [$"{taken.SpillBytes} bytes of spills"];
        return new CompiledForm(
            [
                (taken.Registers, Text(taken.Registers)), (taken.SharedBytes, $"{Text(taken.SharedBytes)} B"),
                (taken.SpillBytes, $"{Text(taken.SpillBytes)} B"),
                (occupancy?.Warps, occupancy is null ? ""
                    : $"{occupancy.Warps} of {occupancy.MostWarps}, {occupancy.Limit}"),
            ],
            $"{Text(taken.Registers)} registers, {Text(taken.SharedBytes)} bytes of shared memory, "
            + $"{Text(taken.SpillBytes)} bytes of spills",
            [.. spills, .. taken.Losses], code);
    }

    private static string Text(int value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

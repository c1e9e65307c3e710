using System.Globalization;
using System.Text.RegularExpressions;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>
/// The part of a GPU's time that a form needs to issue its instructions while memory delivers weights at its full rate:
/// <code>share = cycles of a wave's round / (bytes of weights of the round × cycles of all SIMDs while a byte comes)</code>
/// A share over 1 means that the instructions and not the memory are the limit. <see cref="MainRound"/> says what a round is.
/// A SIMD issues one instruction in a cycle, and CDNA's one in four (see <see cref="AmdRates"/>). Roots, reciprocals,
/// exponentials and 32-bit integer products take four times as long (quarter rate: LLVM's SISchedule.td). So do, on CDNA,
/// conversions between floats and what is no byte (WriteFloatCvt there). On CDNA3 a shift of 64 bits is as fast as another
/// (Write64Bit there). Matrix instructions take as long as their operations do at the published rate. That each instruction
/// takes a slot of its own is the worst case. Scalar, memory and vector instructions of different waves can be issued together,
/// so the vector unit's alone are the best case.
/// </summary>
/// <param name="Instructions">Instructions of a round.</param>
/// <param name="Cycles">Cycles of a wave's round if each instruction takes a slot of its own.</param>
/// <param name="VectorCycles">Cycles of the vector unit's instructions alone, those of matrices included.</param>
/// <param name="MatrixCycles">Cycles of matrix instructions.</param>
/// <param name="Bytes">Bytes of weights of a wave's round; null if it is not known how many weights are multiplied.</param>
internal sealed partial record IssueSlots(
    AmdRates Gpu, AmdResources Resources, int Instructions, double Cycles, double VectorCycles, double MatrixCycles,
    double? Bytes)
{
    /// <summary>The share if each instruction takes a slot of its own.</summary>
    public double? Share => Cycles / (Bytes * Gpu.CyclesOfByte);

    /// <summary>The share of the vector unit's instructions.</summary>
    public double? VectorShare => VectorCycles / (Bytes * Gpu.CyclesOfByte);

    /// <summary>The part of the cycles that matrix instructions take.</summary>
    public double MatrixShare => MatrixCycles / Cycles;

    /// <summary>Counts a form's main loop; null if no loop of it loads weights.</summary>
    /// <param name="source">The form's OpenCL C.</param>
    public static IssueSlots? Of(KernelForm form, string source, AmdRates gpu, Amdgcn tools)
    {
        var (resources, assembly) = tools.Compile(source, gpu.Gpu);
        if (MainRound.Of(AmdAssembly.Parse(assembly), KernelViews.Of(form), resources.WaveSize) is not { } round)
        {
            return null;
        }

        double Sum(Func<AmdInstruction, bool> wanted) => round.Sum(wanted, instruction => CyclesOf(instruction, gpu));
        return new IssueSlots(
            gpu, resources, (int)round.Sum(_ => true, _ => 1), Sum(_ => true),
            Sum(instruction => instruction.Name.StartsWith("v_", StringComparison.Ordinal)),
            Sum(instruction => instruction.IsMatrix), round.BytesOf(form));
    }

    /// <summary>The cycles in which a SIMD issues nothing else of the kind.</summary>
    public static double CyclesOf(AmdInstruction instruction, AmdRates gpu) =>
        instruction.IsMatrix ? Math.Max(gpu.CyclesOfInstruction, MatrixOperationsOf(instruction, gpu) / gpu.MatrixOperations)
        : QuarterRate().IsMatch(instruction.Name) ? 4 * gpu.CyclesOfInstruction
        : Conversion().IsMatch(instruction.Name) ? gpu.CyclesOfConversion : gpu.CyclesOfInstruction;

    // In units of 16-bit operations.
    private static double MatrixOperationsOf(AmdInstruction instruction, AmdRates gpu)
    {
        var shape = Shape().Match(instruction.Name);
        if (!shape.Success)
        {
            // Those of several small tiles are slower than their operations.
            throw new InvalidDataException($"'{instruction.Name}': found no shape and type of a known matrix instruction");
        }

        double Number(string group) => double.Parse(shape.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
        double operations = 2 * Number("m") * Number("n") * Number("k");
        return shape.Groups["type"].Value is "f16" or "bf16" ? operations : operations / gpu.EightBitRate;
    }

    [GeneratedRegex("^v_(exp|log|rcp|rsq|sqrt|sin|cos)_f|^v_mul_(lo|hi)_[ui]32|^v_mad_(co_)?[ui]64_[ui]32")]
    private static partial Regex QuarterRate();

    // Not those of a byte to a float, nor two floats to a pair of halves.
    [GeneratedRegex("^v_cvt_(f32_([iu]32|f16|fp8|bf8)|f16_f32|[iu]32_f32|rpi_|flr_|nearest_|floor_|off_|pk_f32_"
        + "|(pk|sr)_(fp8|bf8)_)")]
    private static partial Regex Conversion();

    [GeneratedRegex(@"_(?<m>\d+)x(?<n>\d+)x(?<k>\d+)_?(?<type>bf16|f16|iu8|i8|fp8|bf8)")]
    private static partial Regex Shape();
}

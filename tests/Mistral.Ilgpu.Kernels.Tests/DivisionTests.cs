using System.Text.RegularExpressions;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// No form that is for CUDA alone or works in groups divides whole numbers in a loop. GPUs do it in software, in some forty
/// instructions. The barrier-free forms that CUDA devices run too may divide: Embed, BlockEmbed, Rope, StoreKv, MergeSplits,
/// SwiGlu, QuantizeInput and what makes random weights. There an item finds its element's place by one division, in a pass that
/// memory bounds. Wave forms that an sm_90 runs with any cache name an architecture. The others are for older devices and OpenCL.
/// Of those, MergeWave finds the head of an item's elements by one division.
/// </summary>
public sealed partial class DivisionTests
{
    /// <summary>
    /// The first and the last form of each kernel. Of formats in blocks that is one of 32 and one of 256, of heads the least and
    /// the largest.
    /// </summary>
    public static TheoryData<string> Forms =>
    [
        .. KernelCatalog.All
            .Where(form => form.IsFor(90) && (form.CudaArchitecture is not null || (form.NeedsGroups && !form.NeedsWaves)))
            .GroupBy(form => form.Kernel.Name)
            .SelectMany(kernel => new[] { kernel.First().Name, kernel.Last().Name }.Distinct()),
    ];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Loops_Assembled_DivideNoWholeNumbers(string kernel)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var lines = NvidiaLoops.Of(MachineCode.Of(form, 90).Code).SelectMany(loop => loop);
        string[] divisions = [.. lines.Where(line => Division().IsMatch(line)).Distinct()];
        Assert.Empty(divisions);
    }

    // A divisor on its way to its reciprocal, of 32 bits, and what divides 64.
    [GeneratedRegex(@"\bI2F[.A-Z0-9]*RP\b|\bCALL[^;]*_(div|rem)_[su]64")]
    private static partial Regex Division();
}

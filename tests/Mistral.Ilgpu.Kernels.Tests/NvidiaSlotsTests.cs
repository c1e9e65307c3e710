using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Decoded tokens' forms leave the issue slots that perf/results states, where NVIDIA's tools are installed.</summary>
public sealed class NvidiaSlotsTests
{
    // Percent, of the forms that norm their input, of a gated pair and of others, as ptxas 12.4 makes them. The goal is 60.
    public static TheoryData<string, int> Shares
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var (format, normed, gated, warp) in new[]
            {
                ("Q2_K", 75, 85, 75), ("Q3_K", 84, 92, 84), ("Q4_K", 40, 44, 40), ("Q5_K", 51, 53, 51), ("Q6_K", 51, 53, 51),
                ("Q4_0", 38, 38, 38), ("Q4_1", 30, 30, 30), ("Q5_0", 55, 55, 55), ("Q5_1", 53, 54, 53), ("Q8_0", 11, 11, 11),
                ("IQ4_NL", 81, 81, 81), ("IQ4_XS", 99, 100, 99),
            })
            {
                data.Add($"BlockMatVecNormed<{format}>", normed);
                data.Add($"BlockSwiGluNormed<{format}>", gated);
                data.Add($"BlockMatVecWarp<{format}, AddToResidual>", warp);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Shares))]
    public void DecodeForm_OfBlocks_LeavesIssueSlotsFree(string kernel, int mostPercent)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var (resources, code) = MachineCode.Of(form, 90);
        Assert.Equal(0, resources.SpillBytes);
        var slots = NvidiaSlots.Of(form, code);
        Assert.True(
            slots.Share <= mostPercent / 100.0,
            $"{slots.Instructions} instructions for {slots.Bytes} bytes take {slots.Share:P1}");
    }
}

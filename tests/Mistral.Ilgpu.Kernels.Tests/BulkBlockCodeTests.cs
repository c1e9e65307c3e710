using System.Text.RegularExpressions;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>The machine code of products whose blocks other warps unpack than those that multiply.</summary>
public sealed class BulkBlockCodeTests
{
    // What a warp of each scheduler issues for a stage, with what two of them bring. The products of a stage take 1,024 clocks at
    // the tensor cores' full rate.
    private static readonly Dictionary<string, int> Slots = new()
    {
        ["Q8_0"] = 570, ["Q4_0"] = 620, ["Q4_1"] = 620, ["Q5_0"] = 750, ["Q5_1"] = 780, ["IQ4_NL"] = 700, ["IQ4_XS"] = 740,
        ["Q4_K"] = 680, ["Q5_K"] = 780, ["Q6_K"] = 810, ["Q2_K"] = 710, ["Q3_K"] = 830,
    };

    public static TheoryData<string, string> Forms
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string format in Slots.Keys)
            {
                foreach (string epilogue in new[] { "Assign", "AddToResidual", "GateWithSilu", "GateRounded<Float16Tensor>" })
                {
                    var row = new TheoryDataRow<string, string>(format, epilogue);
                    data.Add((format, epilogue) is ("Q8_0" or "Q4_K" or "Q6_K", "Assign") or ("Q3_K", "GateRounded<Float16Tensor>") ? row : Needs.ByHand(row));
                }
            }

            return data;
        }
    }

    [Fact]
    public void Slots_HaveAllFormats() => Assert.Equal(
        KernelCatalog.All.Where(form => form.Kernel.Name == "BlockEmbed`1").Select(form => form.Kernel.GetGenericArguments()[0].Name).Order(),
        Slots.Keys.Order());

    [Theory]
    [MemberData(nameof(Forms))]
    public void Form_Assembled_MultipliesAndUnpacksInDifferentWarps(string format, string epilogue)
    {
        var form = KernelCatalog.All.Single(form => form.Name == $"MatMulBulkBlocks<{format}, {epilogue}>");
        var (resources, code) = MachineCode.Of(form, 90);
        Assert.Empty(resources.Losses);
        Assert.Equal(0, resources.SpillBytes);
        // The address of shared memory, once.
        Assert.InRange(Regex.Count(code, @"\b(LDL|STL)\b"), 0, 2);
        Assert.Equal(1, Occupancy.Of(resources, form.GroupSize!.Value, 90)!.Groups);
        Assert.DoesNotContain("CALL", code, StringComparison.Ordinal);
        Assert.Contains("USETMAXREG.DEALLOC.CTAPOOL 0x58", code, StringComparison.Ordinal);
        Assert.Contains("USETMAXREG.TRY_ALLOC.CTAPOOL UP0, 0xd0", code, StringComparison.Ordinal);
        var loops = NvidiaLoops.Of(code).Select(NvidiaLoops.Names).ToList();

        // Who multiplies only waits and multiplies, as where nothing is to be unpacked.
        string[] multiplies = loops.Where(loop => loop.Any(NvidiaLoops.IsProduct)).MinBy(loop => loop.Length)!;
        Assert.Equal(4, multiplies.Count(NvidiaLoops.IsProduct));
        Assert.InRange(multiplies.Length, 1, 80);
        Assert.DoesNotContain(multiplies, name => IsAny(name, "BAR", "ST", "LDS", "LDG", "PRMT", "F2FP", "FFMA"));

        // Who unpacks loads quants from shared memory, in pieces where they are, and stores each row of 128 bytes once.
        string[] unpacks = loops.Where(loop => loop.Count(name => name == "STS.128") == 8).MinBy(loop => loop.Length)!;
        TestContext.Current.TestOutputHelper?.WriteLine($"{format} {epilogue}: {multiplies.Length} and {unpacks.Length} instructions");
        Assert.DoesNotContain(unpacks, NvidiaLoops.IsProduct);
        Assert.Equal(32, unpacks.Count(name => name.StartsWith("F2FP.F16", StringComparison.Ordinal)));
        Assert.InRange(unpacks.Count(name => name is "LDS.128" or "LDS"), 1, 10);
        Assert.InRange(unpacks.Length, 1, Slots[format]);
        Assert.Contains(unpacks, name => name.StartsWith("FENCE.VIEW.ASYNC", StringComparison.Ordinal));

        // Quants come from global memory by bulk copies alone, whole lines of 32 rows each; scales by loads of their own.
        Assert.Equal(4, unpacks.Count(name => name == "UTMALDG.2D"));
        Assert.Equal(1, unpacks.Count(name => name == "UTMALDG.2D.MULTICAST"));
        Assert.DoesNotContain(unpacks, name => name.StartsWith("LDGSTS", StringComparison.Ordinal));
        Assert.InRange(unpacks.Count(name => name.StartsWith("LDG", StringComparison.Ordinal)), 1, 6);
    }

    private static bool IsAny(string name, params string[] starts) =>
        starts.Any(start => name.StartsWith(start, StringComparison.Ordinal));
}

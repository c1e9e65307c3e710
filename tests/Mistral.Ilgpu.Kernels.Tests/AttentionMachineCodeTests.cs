using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>That the CUDA forms become the instructions they were written for.</summary>
public sealed class AttentionMachineCodeTests
{
    public static TheoryData<string, int> TensorForms
    {
        get
        {
            var data = new TheoryData<string, int>();
            // Of those that round their output the loop is that of the others, so one format is enough.
            foreach (var form in KernelCatalog.All.Where(form => form.Name.Contains("AttendTensor<", StringComparison.Ordinal)
                && (!form.Name.Contains("RoundedOutput", StringComparison.Ordinal) || IsInBFloats(form.Name))))
            {
                data.Add(form.Name, 80);
                data.Add(form.Name, 90);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(TensorForms))]
    public void TensorAttention_Assembled_MultipliesOnTensorCoresAndStaysInRegisters(string kernel, int architecture)
    {
        string code = Code(kernel, architecture);
        string format = kernel.Contains("HeadRun<BFloat16", StringComparison.Ordinal) ? "HMMA.16816.F32.BF16" : "HMMA.16816.F32 ";
        Assert.Contains(format, code, StringComparison.Ordinal);
        Assert.Contains("LDSM.16.MT88.4", code, StringComparison.Ordinal);
        Assert.Contains("LDGSTS.E.BYPASS.128", code, StringComparison.Ordinal);
        Assert.Contains("MUFU.EX2", code, StringComparison.Ordinal);
        Assert.DoesNotContain("LDL", code, StringComparison.Ordinal);
        Assert.DoesNotContain("STL", code, StringComparison.Ordinal);
    }

    // A round is eight products of scores and eight of values. They are under way while the softmax of the round goes on, unless
    // the assembler waits for each.
    [Theory]
    [InlineData("AttendWarpgroup<BFloat16Tensor, FloatOutput>", "HGMMA.64x128x16.F32.BF16")]
    [InlineData("AttendWarpgroup<BFloat16Tensor, RoundedOutput<BFloat16Tensor>>", "HGMMA.64x128x16.F32.BF16")]
    [InlineData("AttendWarpgroup<Float16Tensor, FloatOutput>", "HGMMA.64x128x16.F32")]
    [InlineData("AttendWarpgroup<Float16Tensor, RoundedOutput<Float16Tensor>>", "HGMMA.64x128x16.F32")]
    public void WarpgroupAttention_Assembled_GoesOnWhileItMultiplies(string kernel, string product)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var (resources, code) = MachineCode.Of(form, 90);
        Assert.Empty(resources.Losses);
        Assert.Equal(0, resources.SpillBytes);
        // What three warpgroups begin with, see WarpgroupRegisters.
        Assert.Equal(168, resources.Registers);
        Assert.Equal(form.GroupsAtOnce, Occupancy.Of(resources, form.GroupSize!.Value, 90)!.Groups);
        var loop = NvidiaLoops.Main(code);
        Assert.Equal(16, loop.Count(NvidiaLoops.IsProduct));
        Assert.Equal(16, loop.Count(instruction => instruction == product));
        Assert.DoesNotContain(loop, instruction => instruction is "LDL" or "STL");
        // The powers come behind the products and the wait for scores, and before the waits for outputs, of which there is one
        // where outputs change and one where they do not.
        int[] waits = [.. loop.Index().Where(at => at.Item == "WARPGROUP.DEPBAR.LE").Select(at => at.Index)];
        Assert.Equal(3, waits.Length);
        Assert.InRange(waits[0], Array.FindLastIndex(loop, NvidiaLoops.IsProduct), Array.IndexOf(loop, "MUFU.EX2"));
        Assert.InRange(Array.LastIndexOf(loop, "MUFU.EX2"), waits[0], waits[1]);
        Assert.InRange(
            Array.FindIndex(loop, instruction => instruction.StartsWith("F2FP", StringComparison.Ordinal)), waits[1], loop.Length);
        // Without the 197 instructions that hide keys: two warps of a scheduler take half the tensor cores' 2,048 clocks.
        Assert.InRange(loop.Length, 1, 197 + 530);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(90)]
    public void RmsNormWarp_Assembled_LoadsSixteenBytesAndShuffles(int architecture)
    {
        string code = Code("RmsNormWarp<AlsoInt8>", architecture);
        Assert.Contains("LDG.E.128", code, StringComparison.Ordinal);
        Assert.Contains("STG.E.128", code, StringComparison.Ordinal);
        Assert.Contains("SHFL.BFLY", code, StringComparison.Ordinal);
    }

    private static bool IsInBFloats(string kernel) =>
        !kernel.Replace("BFloat16Tensor", "", StringComparison.Ordinal).Contains("Float16Tensor", StringComparison.Ordinal);

    private static string Code(string kernel, int architecture) =>
        MachineCode.Of(KernelCatalog.All.Single(form => form.Name == kernel), architecture).Code;
}

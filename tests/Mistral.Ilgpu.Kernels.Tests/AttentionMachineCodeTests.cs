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

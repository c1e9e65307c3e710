using System.Text.RegularExpressions;
using Mistral.Ilgpu.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>The machine code of CUDA forms has the instructions that they were written for, where NVIDIA's tools are there to tell.</summary>
public sealed class MachineCodeTests
{
    public static TheoryData<string, int, string[]> Meant
    {
        get
        {
            var data = new TheoryData<string, int, string[]>();
            foreach (int architecture in new[] { 80, 89, 90 })
            {
                foreach (string epilogue in new[] { "Assign", "GateWithSilu" })
                {
                    data.Add($"MatVecTensor<BFloat16Tensor, EightTokens, AsNormed, {epilogue}>", architecture, ["LDG.E.128", "HMMA.16816.F32.BF16", "SHFL"]);
                    data.Add($"MatVecTensor<Float16Tensor, EightTokens, AsNormed, {epilogue}>", architecture, ["LDG.E.128", "HMMA.16816.F32", "SHFL"]);
                }

                foreach (string format in new[] { "Q8_0", "Q4_0", "Q4_K", "Q6_K" })
                {
                    data.Add($"BlockMatVecNormed<{format}>", architecture, ["LDG.E.128", "LDS.128", "IDP.4A.S8.S8", "SHFL"]);
                    data.Add($"BlockSwiGluNormed<{format}>", architecture, ["LDG.E.128", "LDS.128", "IDP.4A.S8.S8", "SHFL"]);
                }

                foreach (string epilogue in new[] { "Assign", "AddToResidual", "GateWithSilu" })
                {
                    data.Add($"MatVecWarp<Float32, {epilogue}>", architecture, ["LDG.E.128", "SHFL"]);
                    data.Add($"MatVecTensor<BFloat16Tensor, EightTokens, AsTheyAre, {epilogue}>", architecture, ["LDG.E.128", "HMMA.16816.F32.BF16"]);
                    data.Add($"MatVecTensor<Float16Tensor, SixteenTokens, AsTheyAre, {epilogue}>", architecture, ["LDG.E.128", "HMMA.16816.F32"]);
                    data.Add($"MatMulTensor<BFloat16Tensor, ElementTiles, {epilogue}>", architecture, ["LDGSTS.E.BYPASS.128", "LDSM.16.M88.4", "HMMA.16816.F32.BF16"]);
                    data.Add($"MatMulTensor<Float16Tensor, ElementTiles, {epilogue}>", architecture, ["LDGSTS.E.BYPASS.128", "LDSM.16.M88.4", "HMMA.16816.F32"]);
                    foreach (string format in new[] { "Q8_0", "Q4_0", "Q4_K", "Q6_K" })
                    {
                        data.Add($"BlockMatVecWarp<{format}, {epilogue}>", architecture, ["LDG.E.128", "IDP.4A.S8.S8", "SHFL"]);
                        data.Add($"BlockMatVecTensor<{format}, SixteenTokens, {epilogue}>", architecture, ["IMMA"]);
                        data.Add(
                            $"MatMulTensor<Float16Tensor, BlockTiles<{format}>, {epilogue}>", architecture,
                            ["LDG.E.128", "STS.128", "LDGSTS.E.BYPASS.128", "LDSM.16.M88.4", "HMMA.16816.F32"]);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Meant))]
    public void Form_Assembled_HasItsInstructionsAndNoLocalMemory(string kernel, int architecture, string[] instructions)
    {
        var (ptxas, nvdisasm) = (Ptxas.Find(), Ptxas.FindDisassembler());
        Assert.SkipWhen(ptxas is null || nvdisasm is null, "no ptxas or no nvdisasm on PATH");
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var (resources, code) = Ptxas.Disassemble(ptxas!, nvdisasm!, KernelCode.Ptx(form, architecture), architecture);
        Assert.All(instructions, instruction => Assert.Contains(instruction, code, StringComparison.Ordinal));
        // Tiles find the addresses of two views through local memory, once.
        int locals = kernel.StartsWith("MatMulTensor", StringComparison.Ordinal) ? 4 : 0;
        Assert.InRange(Regex.Count(code, @"\b(LDL|STL)\b"), 0, locals);
        Assert.Equal(0, resources.SpillBytes);
        // Two warps for each scheduler of a multiprocessor at least, so that one loads while another computes.
        Assert.InRange(Occupancy.Of(resources, form.GroupSize!.Value, architecture)!.Warps, 8, 64);
    }
}

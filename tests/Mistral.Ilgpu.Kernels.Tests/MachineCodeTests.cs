using System.Text.RegularExpressions;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// The machine code of CUDA forms has the instructions that they were written for, where NVIDIA's tools are installed.
/// </summary>
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
                    data.Add($"BlockMatVecNormed<{format}>", architecture, ["LDG.E.128", "LDS.128", "IDP.4A", "SHFL"]);
                    data.Add($"BlockSwiGluNormed<{format}>", architecture, ["LDG.E.128", "LDS.128", "IDP.4A", "SHFL"]);
                }

                foreach (string epilogue in new[] { "Assign", "AddToResidual", "GateWithSilu" })
                {
                    data.Add($"MatVecWarp<Float32, {epilogue}>", architecture, ["LDG.E.128", "SHFL"]);
                    data.Add($"MatVecTensor<BFloat16Tensor, EightTokens, AsTheyAre, {epilogue}>", architecture, ["LDG.E.128", "HMMA.16816.F32.BF16"]);
                    data.Add($"MatVecTensor<Float16Tensor, SixteenTokens, AsTheyAre, {epilogue}>", architecture, ["LDG.E.128", "HMMA.16816.F32"]);
                    data.Add(
                        $"MatMulTensor<BFloat16Tensor, ElementTiles, {epilogue}>", architecture,
                        ["LDGSTS.E.BYPASS.128", "LDSM.16.M88.4", "HMMA.16816.F32.BF16"]);
                    data.Add(
                        $"MatMulTensor<Float16Tensor, ElementTiles, {epilogue}>", architecture,
                        ["LDGSTS.E.BYPASS.128", "LDSM.16.M88.4", "HMMA.16816.F32"]);
                    foreach (string format in new[] { "Q8_0", "Q4_0", "Q4_K", "Q6_K" })
                    {
                        data.Add($"BlockMatVecWarp<{format}, {epilogue}>", architecture, ["LDG.E.128", "IDP.4A", "SHFL"]);
                        data.Add(
                            epilogue == "GateWithSilu" && format.EndsWith('K') ? $"BlockSwiGluTensor<{format}, SixteenTokens>" : $"BlockMatVecTensor<{format}, SixteenTokens, {epilogue}>",
                            architecture, ["LDGSTS.E.BYPASS.128", "LDGSTS.E.128", "LDSM.16.M88.4", "IMMA", "SHFL"]);
                        data.Add(
                            $"MatMulTensor<Float16Tensor, BlockTiles<{format}>, {epilogue}>", architecture,
                            ["LDG.E.128", "STS.128", "LDGSTS.E.BYPASS.128", "LDSM.16.M88.4", "HMMA.16816.F32"]);
                    }
                }
            }

            foreach (string epilogue in new[] { "Assign", "AddToResidual", "GateWithSilu" })
            {
                foreach (string weights in TuringWeights)
                {
                    data.Add(
                        $"MatMulWave<MmaK8, {weights}, {epilogue}>", 75,
                        ["LDG.E.128", "STS.128", "LDSM.16.M88.4", "HMMA.1688.F32"]);
                }
            }

            return data;
        }
    }

    private static string[] TuringWeights =>
        ["ElementWaveTiles", .. new[] { "Q8_0", "Q4_0", "Q4_K", "Q6_K" }.Select(format => $"BlockWaveTiles<{format}>")];

    [Theory]
    [MemberData(nameof(Meant))]
    public void Form_Assembled_HasItsInstructionsAndNoLocalMemory(string kernel, int architecture, string[] instructions)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var (resources, code) = MachineCode.Of(form, architecture);
        Assert.All(instructions, instruction => Assert.Contains(instruction, code, StringComparison.Ordinal));
        // Tiles find the addresses of two views through local memory, once.
        int locals = kernel.StartsWith("MatMulTensor", StringComparison.Ordinal) ? 4 : 0;
        Assert.InRange(Regex.Count(code, @"\b(LDL|STL)\b"), 0, locals);
        Assert.Equal(0, resources.SpillBytes);
        // Two warps for each scheduler of a multiprocessor at least, so that one loads while another computes.
        Assert.InRange(Occupancy.Of(resources, form.GroupSize!.Value, architecture)!.Warps, 8, 64);
    }

    // Of a stage a warpgroup multiplies four times 16 columns. One stage is under way while the next is issued, unless the
    // assembler waits for each product.
    [Theory]
    [InlineData("MatMulWarpgroup<BFloat16Tensor, ElementTiles, Assign>", "HGMMA.64x256x16.F32.BF16")]
    [InlineData("MatMulWarpgroup<BFloat16Tensor, ElementTiles, AddToResidual>", "HGMMA.64x256x16.F32.BF16")]
    [InlineData("MatMulWarpgroup<Float16Tensor, ElementTiles, GateWithSilu>", "HGMMA.64x256x16.F32")]
    [InlineData("MatMulWarpgroup<Float16Tensor, BlockTiles<Q8_0>, Assign>", "HGMMA.64x256x16.F32")]
    [InlineData("MatMulWarpgroup<Float16Tensor, BlockTiles<Q4_0>, AddToResidual>", "HGMMA.64x256x16.F32")]
    [InlineData("MatMulWarpgroup<Float16Tensor, BlockTiles<Q4_K>, GateWithSilu>", "HGMMA.64x256x16.F32")]
    [InlineData("MatMulWarpgroup<Float16Tensor, BlockTiles<Q6_K>, Assign>", "HGMMA.64x256x16.F32")]
    public void WarpgroupForm_Assembled_GoesOnWhileItMultiplies(string kernel, string product)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var (resources, code) = MachineCode.Of(form, 90);
        Assert.Empty(resources.Losses);
        Assert.Equal(0, resources.SpillBytes);
        // The addresses of two views and of shared memory, once.
        Assert.InRange(Regex.Count(code, @"\b(LDL|STL)\b"), 0, 6);
        Assert.Equal(form.GroupsAtOnce, Occupancy.Of(resources, form.GroupSize!.Value, 90)!.Groups);
        var loop = NvidiaLoops.Main(code);
        Assert.Equal(4, loop.Count(NvidiaLoops.IsProduct));
        Assert.Equal(4, loop.Count(instruction => instruction == product));
        // Copies begin before the products of another stage, which a warp may have to wait for.
        Assert.InRange(
            Array.FindLastIndex(loop, instruction => instruction.StartsWith("LDGSTS", StringComparison.Ordinal)), 0,
            Array.FindIndex(loop, NvidiaLoops.IsProduct));
        Assert.DoesNotContain(loop, instruction => instruction is "LDL" or "STL");
        Assert.Single(loop, instruction => instruction.StartsWith("BAR.SYNC", StringComparison.Ordinal));
        // A division's way for rare operands would be one.
        Assert.DoesNotContain("CALL", code, StringComparison.Ordinal);
    }

    // Of a stage a warpgroup issues four products, two waits and an arrival. Nothing else but addresses is in its loop.
    [Theory]
    [InlineData("MatMulBulk<BFloat16Tensor, Assign>", "HGMMA.64x256x16.F32.BF16")]
    [InlineData("MatMulBulk<BFloat16Tensor, AddToResidual>", "HGMMA.64x256x16.F32.BF16")]
    [InlineData("MatMulBulk<BFloat16Tensor, GateRounded<BFloat16Tensor>>", "HGMMA.64x256x16.F32.BF16")]
    [InlineData("MatMulBulk<Float16Tensor, GateWithSilu>", "HGMMA.64x256x16.F32")]
    public void BulkForm_Assembled_OnlyWaitsAndMultiplies(string kernel, string product)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var (resources, code) = MachineCode.Of(form, 90);
        Assert.Empty(resources.Losses);
        Assert.Equal(0, resources.SpillBytes);
        // The address of shared memory, once.
        Assert.InRange(Regex.Count(code, @"\b(LDL|STL)\b"), 0, 2);
        Assert.Equal(1, Occupancy.Of(resources, form.GroupSize!.Value, 90)!.Groups);
        // Four copies of weights, and one of half of the tokens to both groups of a pair.
        Assert.Equal(4, Regex.Count(code, @"\bUTMALDG\.2D "));
        Assert.Equal(1, Regex.Count(code, @"\bUTMALDG\.2D\.MULTICAST "));
        Assert.Equal(2, Regex.Count(code, @"\bUCGABAR_WAIT\b"));
        Assert.Contains("USETMAXREG.DEALLOC.CTAPOOL 0x28", code, StringComparison.Ordinal);
        Assert.Contains("USETMAXREG.TRY_ALLOC.CTAPOOL UP0, 0xe8", code, StringComparison.Ordinal);
        Assert.DoesNotContain("CALL", code, StringComparison.Ordinal);
        // Within it is that of a wait's tries.
        string[] loop = NvidiaLoops.Of(code).Select(NvidiaLoops.Names)
            .Where(loop => loop.Any(NvidiaLoops.IsProduct)).MinBy(loop => loop.Length)!;
        Assert.Equal(4, loop.Count(instruction => instruction == product));
        Assert.Equal(4, loop.Count(NvidiaLoops.IsProduct));
        Assert.InRange(loop.Length, 1, 80);
        Assert.DoesNotContain(loop, instruction => instruction.StartsWith("BAR", StringComparison.Ordinal));
        Assert.DoesNotContain(loop, instruction => instruction.StartsWith("ST", StringComparison.Ordinal));
    }

    // A stage is 64 products of a wave. A multiprocessor of sm_75 holds one group of eight waves, whose lanes have up to 255
    // registers each. So the next stage's loads begin before the products, which hide their latency.
    [Theory]
    [InlineData("MatMulWave<MmaK8, ElementWaveTiles, Assign>")]
    [InlineData("MatMulWave<MmaK8, BlockWaveTiles<Q4_K>, GateWithSilu>")]
    public void TuringForm_Assembled_LoadsTheNextStageBeforeItMultiplies(string kernel)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var (resources, code) = MachineCode.Of(form, 75);
        Assert.Equal(0, resources.SpillBytes);
        Assert.InRange(resources.Registers, 64, 168);
        var loop = NvidiaLoops.Main(code);
        Assert.Equal(64, loop.Count(instruction => instruction == "HMMA.1688.F32"));
        Assert.Equal(12, loop.Count(instruction => instruction == "LDSM.16.M88.4"));
        Assert.Single(loop, instruction => instruction.StartsWith("BAR.SYNC", StringComparison.Ordinal));
        Assert.InRange(
            Array.FindLastIndex(loop, instruction => instruction.StartsWith("LDG", StringComparison.Ordinal)), 0,
            Array.FindIndex(loop, NvidiaLoops.IsProduct));
    }

    // Loads of four runs or four steps (of a gated pair fewer), of weights and of activations where those are not in shared
    // memory.
    [Theory]
    [InlineData("MatVecTensor<BFloat16Tensor, EightTokens, AsTheyAre, AddToResidual>", 16)]
    [InlineData("MatVecTensor<BFloat16Tensor, EightTokens, AsTheyAre, GateWithSilu>", 12)]
    [InlineData("MatVecTensor<BFloat16Tensor, EightTokens, AsNormed, Assign>", 16)]
    [InlineData("MatVecTensor<Float16Tensor, EightTokens, AsNormed, GateWithSilu>", 12)]
    [InlineData("BlockMatVecNormed<Q4_0>", 8)]
    [InlineData("BlockMatVecNormed<Q8_0>", 12)]
    [InlineData("BlockMatVecNormed<Q4_K>", 12)]
    [InlineData("BlockMatVecNormed<Q6_K>", 12)]
    [InlineData("BlockSwiGluNormed<Q4_0>", 8)]
    [InlineData("BlockSwiGluNormed<Q8_0>", 12)]
    [InlineData("BlockSwiGluNormed<Q4_K>", 6)]
    [InlineData("BlockSwiGluNormed<Q6_K>", 12)]
    [InlineData("BlockMatVecWarp<Q4_0, AddToResidual>", 16)]
    [InlineData("BlockMatVecWarp<Q8_0, AddToResidual>", 16)]
    [InlineData("BlockMatVecWarp<Q4_K, AddToResidual>", 20)]
    [InlineData("BlockMatVecWarp<Q6_K, AddToResidual>", 18)]
    [InlineData("BlockMatVecWarp<IQ4_XS, AddToResidual>", 20)]
    public void Form_Assembled_HasManyLoadsOnTheirWayBeforeItMultiplies(string kernel, int loads)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        foreach (int architecture in new[] { 80, 90 })
        {
            var (resources, code) = MachineCode.Of(form, architecture);
            Assert.Equal(0, resources.SpillBytes);
            Assert.InRange(
                Occupancy.Of(resources, form.GroupSize!.Value, architecture)!.Groups, form.GroupsAtOnce!.Value, int.MaxValue);
            var loop = NvidiaLoops.Main(code);
            Assert.InRange(LoadsBeforeProducts(loop), loads, int.MaxValue);
            // The norm's root is taken once.
            Assert.DoesNotContain("MUFU.RSQ", loop);
        }
    }

    // Weights in bulk where the target can; scales of blocks line by line.
    [Theory]
    [InlineData("MatVecTensor<BFloat16Tensor, EightTokens, AsNormed, GateWithSilu>", 1, false)]
    [InlineData("MatVecTensor<BFloat16Tensor, SixteenTokens, AsTheyAre, AddToResidual>", 2, false)]
    [InlineData("BlockMatVecNormed<Q4_0>", 1, true)]
    [InlineData("BlockSwiGluNormed<Q4_K>", 1, true)]
    [InlineData("BlockMatVecWarp<Q8_0, AddToResidual>", 1, true)]
    [InlineData("BlockMatVecTensor<Q8_0, EightTokens, Assign>", 1, false)]
    [InlineData("BlockSwiGluTensor<Q4_K, SixteenTokens>", 1, false)]
    [InlineData("DecodeAttendTensor<TwoParts<TwoParts<TwoParts<HeadRun<BFloat16Tensor>>>>>", 0, false)]
    [InlineData("RmsNormWarp<AlsoInt8>", 0, false)]
    [InlineData("QuantizePacked", 0, false)]
    public void DecodeForm_Assembled_PrefetchesAndAwaitsTheKernelBefore(string kernel, int prefetches, bool hasScales)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        foreach (int architecture in new[] { 80, 90 })
        {
            var (_, code) = MachineCode.Of(form, architecture);
            string[] operations = NvidiaLoops.Names(code.Split('\n'));
            int awaits = Array.IndexOf(operations, "ACQBULK");
            bool isNew = architecture >= 90;
            Assert.Equal(isNew, awaits >= 0);
            Assert.Equal(isNew, operations.Contains("PREEXIT"));
            // Before the wait nothing but this.
            Assert.Equal(isNew ? prefetches : 0, operations.Count(operation => operation == "UBLKPF.L2"));
            Assert.Equal(isNew ? hasScales : prefetches > 0, operations.Contains("CCTL.E.PF2"));
            Assert.DoesNotContain(operations.Take(awaits), operation => operation.StartsWith("LDG", StringComparison.Ordinal) || operation.StartsWith("LD.", StringComparison.Ordinal));
        }
    }

    // A byte permutation for each of two eights, and one that chooses between them: one by one it took three times as many and
    // more.
    [Theory]
    [InlineData("BlockMatVecWarp<IQ4_XS, Assign>")]
    [InlineData("BlockMatVecNormed<IQ4_NL>")]
    [InlineData("BlockSwiGluNormed<IQ4_XS>")]
    public void UnevenValues_Assembled_AreLookedUpFourAtATime(string kernel)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var (resources, code) = MachineCode.Of(form, 90);
        Assert.Equal(0, resources.SpillBytes);
        var loop = NvidiaLoops.Main(code);
        int products = loop.Count(NvidiaLoops.IsProduct);
        Assert.InRange(loop.Count(instruction => instruction == "PRMT"), 4 * products / 2, 5 * products);
        Assert.InRange(loop.Length, 0, 20 * products);
    }

    // An H100 that reads weights at its full rate issues some hundred instructions for each 16 rows × 32 columns of Q4_0, twice
    // that for Q8_0. Two stages are four such tiles, or eight of a gated pair; a chunk of 16-bit weights is 16 rows × 128
    // columns, or two.
    [Theory]
    [InlineData("BlockMatVecTensor<Q4_0, SixteenTokens, AddToResidual>", 4, 75)]
    [InlineData("BlockMatVecTensor<Q4_0, SixteenTokens, GateWithSilu>", 8, 64)]
    [InlineData("BlockMatVecTensor<Q8_0, SixteenTokens, AddToResidual>", 4, 68)]
    [InlineData("BlockMatVecTensor<Q8_0, SixteenTokens, GateWithSilu>", 8, 57)]
    [InlineData("BlockMatVecTensor<Q4_K, SixteenTokens, AddToResidual>", 4, 99)]
    [InlineData("BlockSwiGluTensor<Q4_K, SixteenTokens>", 4, 99)]
    [InlineData("BlockMatVecTensor<Q6_K, SixteenTokens, AddToResidual>", 4, 145)]
    [InlineData("MatVecTensor<BFloat16Tensor, SixteenTokens, AsTheyAre, AddToResidual>", 2, 335)]
    [InlineData("MatVecTensor<BFloat16Tensor, SixteenTokens, AsTheyAre, GateWithSilu>", 2, 335)]
    public void FormForSeveralTokens_Assembled_TakesFewInstructionsToATile(string kernel, int tiles, int most)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        foreach (int architecture in new[] { 80, 90 })
        {
            var (resources, code) = MachineCode.Of(form, architecture);
            Assert.Equal(0, resources.SpillBytes);
            Assert.InRange(Occupancy.Of(resources, form.GroupSize!.Value, architecture)!.Warps, 16, 64);
            Assert.InRange(NvidiaLoops.Main(code).Length, 1, tiles * most);
        }
    }

    private static int LoadsBeforeProducts(string[] loop) =>
        loop.TakeWhile(instruction => !NvidiaLoops.IsProduct(instruction))
            .Count(instruction => instruction.StartsWith("LDG", StringComparison.Ordinal));
}

using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>The machine code that clang makes of prompts' tiles for AMD's GPUs. Skipped where clang is absent.</summary>
public sealed class PromptTileCodeTests(SharedCode shared, AmdTools tools) : IClassFixture<SharedCode>, IClassFixture<AmdTools>
{
    // An item multiplies 8 rows × 4 tokens: eight products of four bytes for each of a run.
    private const int Dots = 256;
    private const int Sums = 32;

    public static TheoryData<string, string, int> BlockTiles =>
    [
        ("BlockMatMulTile<Q4_K, Assign>", "gfx1030", 6),
        Needs.ByHand(new TheoryDataRow<string, string, int>("BlockMatMulTile<Q4_K, Assign>", "gfx1100", 8)),
        Needs.ByHand(new TheoryDataRow<string, string, int>("BlockMatMulTile<Q6_K, GateWithSilu>", "gfx1030", 6)),
        Needs.ByHand(new TheoryDataRow<string, string, int>("BlockMatMulTile<Q6_K, GateWithSilu>", "gfx1100", 8)),
        Needs.ByHand(new TheoryDataRow<string, string, int>("BlockMatMulTile<Q2_K, GateWithSilu>", "gfx1030", 5)),
        Needs.ByHand(new TheoryDataRow<string, string, int>("BlockMatMulTile<Q8_0, AddToResidual>", "gfx1100", 8)),
    ];

    // A wave per instruction slot is not needed to hide latency: the loop has independent sums. Rows of weights and tokens come
    // from local memory by 16 bytes.
    [Theory]
    [MemberData(nameof(BlockTiles))]
    public void BlockTile_MainLoop_MultipliesInFours(string kernel, string gpu, int waves)
    {
        var (resources, code) = Compile(kernel, gpu);
        Assert.Equal(0, resources.ScratchBytes);
        Assert.InRange(resources.LocalBytes, 1, 32 << 10);
        Assert.InRange(resources.Waves, waves, 16);
        var loop = code.Loops.MaxBy(loop => loop.Count(instruction => instruction.IsDot))!;
        Assert.InRange(loop.Count(instruction => instruction.IsDot), Dots, int.MaxValue);
        Assert.InRange(loop.Count(instruction => instruction.IsFma), Sums / 2, int.MaxValue);
        Assert.InRange(WideReads(loop), (2 * 8) + (2 * 4), int.MaxValue);
        Assert.Contains(code.Instructions, instruction => instruction.LoadedBytes == 16);
    }

    [Theory]
    [InlineData("MatMulFused<BFloat16, Assign>", "gfx1030")]
    [InlineData("MatMulFused<Float32, GateWithSilu>", "gfx1100")]
    public void ElementTile_MainLoop_FusesEveryProduct(string kernel, string gpu)
    {
        var (resources, code) = Compile(kernel, gpu);
        Assert.Equal(0, resources.ScratchBytes);
        Assert.InRange(resources.LocalBytes, 1, 32 << 10);
        Assert.InRange(resources.Waves, 8, 16);
        Assert.InRange(code.Instructions.Count(instruction => instruction.IsFma), Sums / 2, int.MaxValue);
        Assert.InRange(WideReads(code.Instructions), 3, int.MaxValue);
        Assert.Contains(code.Instructions, instruction => instruction.LoadedBytes == 16);
    }

    private static int WideReads(IEnumerable<AmdInstruction> code) =>
        code.Count(instruction => instruction.Name is "ds_read_b128" or "ds_load_b128");

    private (AmdResources Resources, AmdAssembly Code) Compile(string kernel, string gpu)
    {
        var form = KernelCatalog.All.Single(form => form.Name == kernel);
        var known = AmdGpu.Of(gpu)!;
        var (resources, assembly) = tools.Get().Compile(shared.Code.OpenCl(form, tools.WavesOf(known)), known);
        return (resources, AmdAssembly.Parse(assembly));
    }
}

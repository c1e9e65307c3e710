using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Kernels.Tests.Ptx;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

public sealed class PtxTargetTests
{
    private const string Awaiting = ".version 7.8\n.target sm_80\n\tgriddepcontrol.wait;\n\tgriddepcontrol.launch_dependents;\n\tret;\n";

    [Fact]
    public void For_HopperAndNewer_NamesWhatAwaitingNeeds() =>
        Assert.All(new CudaArchitecture[] { new(9, 0), new(12, 0) }, architecture => Assert.Equal(Awaiting.Replace("sm_80", "sm_90", StringComparison.Ordinal), PtxTarget.For(architecture, Awaiting)));

    [Fact]
    public void For_OlderArchitecture_LeavesAwaitingOut() =>
        Assert.Equal(".version 7.8\n.target sm_80\n\tret;\n", PtxTarget.For(CudaArchitecture.SM_89, Awaiting));

    [Fact]
    public void For_KernelOfWarpgroups_NamesHopperAlone()
    {
        const string Ptx = ".version 8.0\n.target sm_80\n\twgmma.fence.sync.aligned;\n\tret;\n";
        string made = PtxTarget.For(new CudaArchitecture(9, 0), Ptx);
        Assert.Equal(Ptx.Replace("sm_80", "sm_90a", StringComparison.Ordinal), made);
        Assert.Equal(("sm_90a", "sm_90"), (PtxTarget.NameFor(90, made), PtxTarget.NameFor(90, Awaiting)));
    }

    [Theory]
    [InlineData("8.0", "8.3")]
    [InlineData("8.6", "8.6")]
    public void For_KernelWithTensorMaps_NamesTheVersionThatHasThem(string version, string expected)
    {
        string ptx = $".version {version}\n.target sm_80\n\twgmma.fence.sync.aligned;\n\tfence.proxy.tensormap::generic.acquire.gpu [%rd1], 128;\n\tret;\n";
        Assert.StartsWith($".version {expected}\n.target sm_90a\n", PtxTarget.For(new CudaArchitecture(9, 0), ptx), StringComparison.Ordinal);
    }

    [Fact]
    public void For_KernelThatAsksForItsPair_IsLaunchedInPairs()
    {
        const string Ptx = ".version 8.3\n.target sm_80\n.visible .entry k(\n)\n.maxntid 384, 1, 1\n.minnctapersm 1\n{\n\tmov.u32 %r1, %cluster_nctarank;\n\twgmma.fence.sync.aligned;\n}\n";
        Assert.Contains("\n.minnctapersm 1\n.explicitcluster\n.reqnctapercluster 2, 1, 1\n{", PtxTarget.For(new CudaArchitecture(9, 0), Ptx), StringComparison.Ordinal);
    }

    [Fact]
    public void For_ArchitectureWithoutDp4a_SpellsItOut()
    {
        const string Ptx = ".version 7.8\n.target sm_60\n\tdp4a.s32.s32 %r1, %r2, %r3, %r4;\n\tret;\n";
        Assert.DoesNotContain("dp4a", PtxTarget.For(CudaArchitecture.SM_60, Ptx), StringComparison.Ordinal);
        Assert.Equal(Ptx, PtxTarget.For(CudaArchitecture.SM_61, Ptx));
    }

    [Theory]
    [InlineData("s32", 0x80FF7F01u, 0x7F80FF02u, (-128 * 127) + (-1 * -128) + (127 * -1) + (1 * 2) + 7)]
    [InlineData("s32", 0x01020304u, 0xFFFFFFFFu, -3)]
    [InlineData("s32", 0x80808080u, 0x80808080u, (4 * 128 * 128) + 7)]
    [InlineData("u32", 0x80FF7F01u, 0x7F80FF02u, (128 * 127) + (255 * -128) + (127 * -1) + (1 * 2) + 7)]
    public void For_ArchitectureWithoutDp4a_GivesItsSum(string type, uint a, uint b, int sum)
    {
        string instruction = $"\tdp4a.{type}.s32 %r3, %r1, %r2, %r3;";
        var snippet = new Snippet();
        int[] found = snippet.Buffer(new int[1]);
        snippet.Run(
            $"mov.b32 %r1, {a};\nmov.b32 %r2, {b};\nmov.b32 %r3, 7;\n{PtxTarget.For(CudaArchitecture.SM_60, instruction)}\n"
            + "st.global.b32 [%rd0], %r3;",
            threads: 1);
        Assert.Equal(sum, found[0]);
    }

    [Fact]
    public void For_KernelThatAwaitsNothing_ChangesNothing()
    {
        const string Ptx = ".version 7.8\n.target sm_80\n\tret;\n";
        Assert.Equal(Ptx, PtxTarget.For(new CudaArchitecture(9, 0), Ptx));
    }
}

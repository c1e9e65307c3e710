using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Execution.Compilation;
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

    [Fact]
    public void For_KernelThatAwaitsNothing_ChangesNothing()
    {
        const string Ptx = ".version 7.8\n.target sm_80\n\tret;\n";
        Assert.Equal(Ptx, PtxTarget.For(new CudaArchitecture(9, 0), Ptx));
    }
}

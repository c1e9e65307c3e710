using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>The machine code of a form, where NVIDIA's tools are installed; else the test is skipped.</summary>
internal static class MachineCode
{
    public static (PtxResources Resources, string Code) Of(KernelForm form, int architecture)
    {
        var (ptxas, nvdisasm) = (Ptxas.Find(), Ptxas.FindDisassembler());
        Assert.SkipWhen(ptxas is null || nvdisasm is null, "no ptxas or no nvdisasm on PATH");
        try
        {
            return Ptxas.Disassemble(ptxas!, nvdisasm!, form, architecture);
        }
        catch (OlderPtxasException exception)
        {
            Assert.Skip($"the ptxas on PATH is too old: {exception.Message.ReplaceLineEndings(" ")}");
            throw;
        }
    }
}

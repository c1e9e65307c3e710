using System.Text.RegularExpressions;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>The machine code of a form, where NVIDIA's tools are installed; else the test is skipped.</summary>
internal static partial class MachineCode
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

    /// <summary>The lines of each loop: between a label and a branch back to it.</summary>
    public static IEnumerable<string[]> Loops(string code)
    {
        string[] lines = [.. code.Split('\n').Select(line => line.Trim())];
        return lines
            .Select((line, end) => (Start: Array.IndexOf(lines, BackTo().Match(line).Groups["label"].Value + ":"), End: end))
            .Where(loop => loop.Start >= 0 && loop.Start < loop.End)
            .Select(loop => lines[loop.Start..loop.End]);
    }

    [GeneratedRegex(@"\bBRA[.\w]* (!?U?P\d+, )?`\((?<label>\.L\w+)\)")]
    private static partial Regex BackTo();
}

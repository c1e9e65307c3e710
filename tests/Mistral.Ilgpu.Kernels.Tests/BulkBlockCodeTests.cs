using System.Text.RegularExpressions;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>The machine code of products whose blocks other warps unpack than those that multiply.</summary>
public sealed class BulkBlockCodeTests
{
    public static TheoryData<string, string> Forms
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string format in KernelCatalog.All.Where(form => form.Kernel.Name == "BlockEmbed`1").Select(form => form.Kernel.GetGenericArguments()[0].Name))
            {
                foreach (string epilogue in new[] { "Assign", "GateRounded<Float16Tensor>" })
                {
                    var row = new TheoryDataRow<string, string>(format, epilogue);
                    data.Add(format is "Q4_K" or "Q8_0" or "Q6_K" && epilogue == "Assign" ? row : Needs.ByHand(row));
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Form_Assembled_MultipliesAndUnpacksInDifferentWarps(string format, string epilogue)
    {
        var form = KernelCatalog.All.Single(form => form.Name == $"MatMulBulkBlocks<{format}, {epilogue}>");
        var (resources, code) = MachineCode.Of(form, 90);
        File.WriteAllText($"/tmp/s/hA-{format}.sass", code);
        Assert.Empty(resources.Losses);
        Assert.Equal(0, resources.SpillBytes);
        var loops = NvidiaLoops.Of(code).Select(NvidiaLoops.Names).ToList();
        string[] multiplies = loops.Where(loop => loop.Any(NvidiaLoops.IsProduct)).MinBy(loop => loop.Length)!;
        string[] unpacks = loops.Where(loop => loop.Count(name => name.StartsWith("STS.128", StringComparison.Ordinal)) == 8).MinBy(loop => loop.Length)!;
        TestContext.Current.TestOutputHelper?.WriteLine($"{format} {resources.Registers} registers, multiply {multiplies.Length}, unpack {unpacks.Length}");
    }
}

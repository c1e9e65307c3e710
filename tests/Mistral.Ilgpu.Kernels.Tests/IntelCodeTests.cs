using System.Globalization;
using System.Text;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Execution.Compilation;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>
/// What Intel's offline compiler makes of OpenCL forms: lanes of a wave, and no spills. Skipped where it is absent. It is the
/// compiler of Intel's driver, so it shows how many lanes run together on a card.
/// </summary>
public sealed class IntelCodeTests(SharedCode shared) : IClassFixture<SharedCode>
{
    private static readonly Lazy<(Ocloc? Found, string Missing)> Tools = new(() =>
    {
        try
        {
            return (Ocloc.Find(), "");
        }
        catch (MissingToolException exception)
        {
            return (null, exception.Message);
        }
    });

    private static readonly Lazy<WaveFeatures> Accepted = new(() => Tools.Value.Found!.WavesOf(IntelGpu.Dg2));

    [Fact]
    public void Compile_OfASmallKernel_CountsItsResources()
    {
        var resources = Get().Compile(
            $$"""
            {{Hardware.Waves.WavePrelude.Asks16}} kernel void k(global float* a)
            {
                local float b[256];
                b[get_local_id(0)] = a[get_global_id(0)];
                barrier(CLK_LOCAL_MEM_FENCE);
                a[get_global_id(0)] = b[get_local_id(0) ^ 1];
            }
            """,
            IntelGpu.Dg2);
        Assert.Equal(new IntelResources(16, 128, 0, 1024, false), resources);
    }

    [Fact]
    public void Compile_OfMoreNumbersThanRegisters_CountsSpills()
    {
        // Four thousand bytes of registers hold 63 numbers of each of 16 lanes.
        const int Numbers = 160;
        var source = new StringBuilder($"{Hardware.Waves.WavePrelude.Asks16} kernel void k(global float* a, int n) {{\n");
        void Each(string line) => Enumerable.Range(0, Numbers).ToList().ForEach(i => source.AppendLine(
            string.Format(CultureInfo.InvariantCulture, line, i, (i + 7) % Numbers)));

        Each("float x{0} = a[get_global_id(0) * 160 + {0}];");
        source.AppendLine("for (int j = 0; j < n; j++) {");
        Each("x{0} = x{0} * a[j] + x{1};");
        source.AppendLine("}");
        Each("a[get_global_id(0) * 160 + {0}] = x{0};");
        source.AppendLine("}");
        Assert.InRange(Get().Compile(source.ToString(), IntelGpu.Dg2).SpillBytes, 1024, int.MaxValue);
    }

    [Fact]
    public void Compile_OfWhatIsNoProgram_TellsTheCompilersMessage()
    {
        var exception = Assert.Throws<InvalidDataException>(
            () => Get().Compile("kernel void k(global float* a) { a[0] = unknown_function(a[1]); }", IntelGpu.Dg2));
        Assert.Contains("unknown_function", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Waves_OfArc_HaveSixteenLanesByRequest()
    {
        Get();
        Assert.Equal(WaveFeatures.Shuffle | WaveFeatures.Width16, Accepted.Value & ~WaveFeatures.Dot);
    }

    // A compiler that chooses the lanes itself takes 32 for small kernels and 16 for large ones.
    [Fact]
    public void WaveText_ForWavesOfSixteen_AsksForThemAndHasRoomForTwo()
    {
        var form = KernelCatalog.All.Single(form => form.Name == "MatVecWarp<BFloat16, Assign>");
        string text = shared.Code.OpenCl(form, WaveFeatures.Shuffle | WaveFeatures.Width16);
        Assert.Contains("WAVE_WIDTH kernel void ", text, StringComparison.Ordinal);
        Assert.Contains("local int wave_room[", text, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "WAVE_WIDTH kernel", shared.Code.OpenCl(form, WaveFeatures.Shuffle), StringComparison.Ordinal);
    }

    // Forms of prompts have more numbers than 128 registers hold; the driver's 256 hold them.
    [Theory]
    [InlineData("BlockMatVecWarp<Q4_K, AddToResidual>", 0)]
    [InlineData("MatVecNormed<BFloat16, Assign>", 0)]
    [InlineData("RmsNormWarp<AlsoInt8>", 0)]
    [InlineData("BlockSwiGluNormed<Q6_K>", 0, Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("AttendWave<EightBFloats, Pack, HeadOf128>", 4096, Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    [InlineData("BlockMatMulTile<Q4_K, Assign>", 4096, Explicit = true, Traits = [Needs.Exhaustive, "forms"])]
    public void WaveForm_CompiledForArc_HasSixteenLanesAndFewSpills(string kernel, int spills)
    {
        var ocloc = Get();
        var resources = ocloc.Compile(
            shared.Code.OpenCl(KernelCatalog.All.Single(form => form.Name == kernel), Accepted.Value), IntelGpu.Dg2);
        Assert.Equal(16, resources.WaveSize);
        Assert.False(resources.CallsFunctions);
        Assert.InRange(resources.SpillBytes, 0, spills);
        Assert.InRange(resources.LocalBytes, 0, 32 << 10);
    }

    private static Ocloc Get()
    {
        Assert.SkipWhen(Tools.Value.Found is null, Tools.Value.Missing);
        return Tools.Value.Found!;
    }
}

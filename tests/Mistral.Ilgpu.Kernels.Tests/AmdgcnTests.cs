using Mistral.Ilgpu.Diagnostics.Inspection;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Clang for AMD's GPUs with texts whose machine code is known, where it is installed.</summary>
public sealed class AmdgcnTests(AmdTools tools) : IClassFixture<AmdTools>
{
    [Theory]
    [InlineData("gfx1030", 32, 16)]
    [InlineData("gfx1100", 32, 16)]
    [InlineData("gfx1201", 32, 16)]
    [InlineData("gfx90a", 64, 8)]
    [InlineData("gfx942", 64, 8)]
    public void Compile_OfASmallKernel_CountsItsResources(string gpu, int waveSize, int waves)
    {
        var (resources, assembly) = tools.Get().Compile(
            """
            kernel void k(global float* a)
            {
                local float b[256];
                b[get_local_id(0)] = a[get_global_id(0)];
                barrier(CLK_LOCAL_MEM_FENCE);
                a[get_global_id(0)] = b[get_local_id(0) ^ 1];
            }
            """,
            AmdGpu.Of(gpu)!);
        Assert.Equal(new AmdResources(resources.Vgprs, 0, resources.Sgprs, 0, 1024, waveSize, waves, false), resources);
        Assert.InRange(resources.Vgprs, 2, 16);
        Assert.InRange(resources.Sgprs, 2, 40);
        Assert.Contains("s_barrier", assembly, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_OfSumsOfMatrixInstructions_CountsScratchAndAccumulators()
    {
        const string Source = """
            typedef float f16 __attribute__((ext_vector_type(16)));
            typedef short s4 __attribute__((ext_vector_type(4)));
            kernel void k(global f16* a, global s4* b, int n)
            {
                f16 sums[24];
                for (int i = 0; i < 24; i++) sums[i] = a[i];
                for (int j = 0; j < n; j++)
                    for (int i = 0; i < 24; i++)
                        sums[i] = __builtin_amdgcn_mfma_f32_32x32x8bf16_1k(b[i], b[j], sums[i], 0, 0, 0);
                for (int i = 0; i < 24; i++) a[i] = sums[i];
            }
            """;
        var taken = tools.Get().Compile(Source, AmdGpu.Gfx942).Resources;
        Assert.InRange(taken.Agprs, 128, 256);
        Assert.Equal(1, taken.Waves);
        // 512 registers do not hold 40 sums of 16.
        var spilled = tools.Get().Compile(
            Source.Replace("24", "40", StringComparison.Ordinal), AmdGpu.Gfx942).Resources;
        Assert.InRange(spilled.ScratchBytes, 1, int.MaxValue);
    }

    [Fact]
    public void Compile_OfWhatIsNoProgram_TellsTheCompilersMessage()
    {
        var exception = Assert.Throws<InvalidDataException>(() => tools.Get().Compile("kernel void k( {", AmdGpu.Gfx1100));
        Assert.Contains("error: expected parameter declarator", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kernel void k(global int* a) { a[0] = __builtin_amdgcn_sudot4(1, a[1], 1, a[2], a[3], 0); }", "gfx1100 gfx1201")]
    [InlineData("kernel void k(global int* a) { a[0] = __builtin_amdgcn_sdot4(a[1], a[2], a[3], 0); }", "gfx1030 gfx90a gfx942")]
    // A function that no library has: the compiler takes it, and the linker would not.
    [InlineData("int f(int); kernel void k(global int* a) { a[0] = f(a[1]); }", "")]
    [InlineData("kernel void k(global float* a) { a[0] = sub_group_reduce_add(a[1]); }", "gfx1030 gfx1100 gfx1201 gfx90a gfx942")]
    public void Accepts_IsWhatTheGpuHasInstructionsFor(string source, string gpus)
    {
        var amdgcn = tools.Get();
        Assert.Equal(gpus, string.Join(' ', AmdGpu.Known.Where(gpu => amdgcn.Accepts(source, gpu.Name))));
    }

    [Fact]
    public void Accepts_OfAnUnknownGpu_IsRefused() => Assert.Contains(
        "found 'gfx906', expected one of gfx1030",
        Assert.Throws<ArgumentException>(() => tools.Get().Accepts("", "gfx906")).Message, StringComparison.Ordinal);

    [Fact]
    public void Find_WhereTheLibrariesAreAbsent_SaysSo() => WithFolder(folder => Assert.StartsWith(
        "found no device libraries of ROCm", Assert.Throws<MissingToolException>(() => Amdgcn.Find(folder)).Message,
        StringComparison.Ordinal));

    // Whichever clang PATH has, or none.
    [Fact]
    public void Find_WhereTheLibrariesAreDamaged_SaysThatNothingCompiles() => WithFolder(folder =>
    {
        var libraries = Directory.CreateDirectory(Path.Combine(folder, "usr", "lib", "amdgcn", "bitcode"));
        File.WriteAllText(Path.Combine(libraries.FullName, "opencl.bc"), "no bitcode");
        Assert.StartsWith(
            "found no clang that compiles for gfx1201, expected version 19",
            Assert.Throws<MissingToolException>(() => Amdgcn.Find(folder)).Message, StringComparison.Ordinal);
    });

    private static void WithFolder(Action<string> use)
    {
        var folder = Directory.CreateTempSubdirectory("mistral-amdgcn-");
        try
        {
            use(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

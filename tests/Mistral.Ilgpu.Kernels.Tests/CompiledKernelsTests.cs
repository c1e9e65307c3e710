using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Kernels kept between runs: what another process would find is what another <see cref="CompiledKernels"/>
/// finds.</summary>
public sealed class CompiledKernelsTests : IDisposable
{
    private static readonly KernelForm Form = new(typeof(CopyFloats));

    private readonly string _folder = Directory.CreateTempSubdirectory("mistral-kernels-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Load_SecondTime_TakesTheKeptTextAndComputesTheSame()
    {
        var device = TestDevice.Get("opencl");
        CheckCopies(device);
        string file = FileOf(device);
        string kept = File.ReadAllText(file);
        var written = File.GetLastWriteTimeUtc(file);

        CheckCopies(device);

        Assert.Equal(written, File.GetLastWriteTimeUtc(file));
        // A text that says something else does something else: it is the file that is loaded.
        var text = KernelText.Read(file, kept.Split('\n')[0])!;
        (text with { Source = "not OpenCL C" }).Write(file, kept.Split('\n')[0]);
        var exception = Assert.Throws<DeviceException>(() => Kernels(device).Load<CopyFloats>());
        // What the driver's compiler says is passed on: its first line in the message, all of it in the details.
        Assert.StartsWith(
            $"{device.Info.Name} could not compile CopyFloats: clBuildProgram failed: CL_BUILD_PROGRAM_FAILURE (-11): ", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
        Assert.Contains("unknown type name 'not'", exception.Details, StringComparison.Ordinal);
    }

    [Theory]
    [Trait(Needs.Trait, Needs.OpenCl)]
    [InlineData("truncated")]
    [InlineData("changed")]
    [InlineData("of another build")]
    [InlineData("empty")]
    public void Load_DamagedOrOlderFile_IsMadeAgain(string damage)
    {
        var device = TestDevice.Get("opencl");
        CheckCopies(device);
        string file = FileOf(device);
        string whole = File.ReadAllText(file);
        File.WriteAllText(file, damage switch
        {
            "truncated" => whole[..^20],
            "changed" => whole.Replace("kernel", "kemel", StringComparison.Ordinal),
            "of another build" => "x" + whole,
            _ => "",
        });

        CheckCopies(device);

        // Not letter by letter: ILGPU numbers what it names as it goes.
        Assert.NotNull(KernelText.Read(file, whole.Split('\n')[0]));
    }

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Load_FolderThatCannotBeWritten_CompilesAllTheSame()
    {
        var device = TestDevice.Get("opencl");
        string notAFolder = Path.Combine(_folder, "file");
        File.WriteAllText(notAFolder, "");
        CheckCopies(device, new CompiledKernels(device.Accelerator.Context, device.Accelerator, notAFolder));
    }

    [Fact]
    public void Rebuild_ForCuda_IsTheKernelThatWasCompiled()
    {
        using var context = Context.Create(builder => builder.Optimize(OptimizationLevel.O2).EnableAlgorithms());
        using var backend = new PTXBackend(context, CudaArchitecture.SM_80, CudaInstructionSet.ISA_78, null!);
        var form = new KernelForm(typeof(RmsNormGroup));
        var compiled = backend.Compile(EntryPointDescription.FromExplicitlyGroupedKernel(form.Entry), form.Bounds);
        var text = CompiledKernels.TextOf(compiled, CudaArchitecture.SM_80);
        Assert.Equal(GroupReduce.MaxGroupSize * sizeof(float), text.SharedBytes);

        var rebuilt = CompiledKernels.RebuildForCuda(context, form, text);

        Assert.Equal(text.Source, rebuilt.PTXAssembly);
        Assert.Contains($".entry {rebuilt.Name}(", rebuilt.PTXAssembly, StringComparison.Ordinal);
        Assert.Equal(
            (compiled.Name, compiled.IndexType, compiled.NumParameters),
            (rebuilt.Name, rebuilt.IndexType, rebuilt.NumParameters));
    }

    [Fact]
    public void Launch_OfMoreThreadsThanAFormIsBoundTo_IsRefused()
    {
        var device = TestDevice.Get("cuda");
        var launch = Kernels(device).Load<BlockMatVecWarp<Q4_0, Assign>>();
        var state = new StepState(device.Zeros<int>(StepState.Header));
        var kernel = new BlockMatVecWarp<Q4_0, Assign>() with { State = state };
        launch(device.Stream, new KernelConfig(1, WarpRows.GroupSize), kernel);
        device.Synchronize();

        Assert.Throws<CudaException>(() => launch(device.Stream, new KernelConfig(1, 2 * WarpRows.GroupSize), kernel));
    }

    [Fact]
    public void Compile_ManyAtOnce_MakesTheTextsOfOneByOne()
    {
        const int Architecture = 80;
        var forms = KernelCatalog.All
            .Where(form => form.IsFor(Architecture) && form.CpuOnly is null && !form.NeedsLanes)
            .Where((_, i) => i % 120 == 0).ToList();
        using var code = new KernelCode();
        string[] atOnce = new string[forms.Count];

        Parallel.For(0, forms.Count, i => atOnce[i] = code.Ptx(forms[i], Architecture));

        Assert.All(
            forms.Zip(atOnce), pair => Assert.Equal(Renamed(KernelCode.PtxOf(pair.First, Architecture)), Renamed(pair.Second)));
    }

    // Without the numbers that ILGPU gives as it goes.
    private static string Renamed(string ptx) => Regex.Replace(ptx, @"_\d+", "");

    private void CheckCopies(ComputeDevice device, CompiledKernels? kernels = null)
    {
        var launch = (kernels ?? Kernels(device)).Load<CopyFloats>();
        Floats4[] values =
            [.. new RandomData().Floats(100, 1).Select(value => new Floats4 { A = value, B = -value, C = 1, D = 2 })];
        var copy = device.Zeros<Floats4>(values.Length);
        launch(device.Stream, new KernelConfig(2, 2), new CopyFloats(device.Upload(values), copy));
        Assert.Equal(values, device.Download(copy));
    }

    private string FileOf(ComputeDevice device) => Kernels(device).FileOf(Form);

    private CompiledKernels Kernels(ComputeDevice device) => new(device.Accelerator.Context, device.Accelerator, _folder);
}

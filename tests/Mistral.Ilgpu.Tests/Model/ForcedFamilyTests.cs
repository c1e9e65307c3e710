using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Diagnostics.Profiling;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>
/// Whole models in the forms of a family that is not the driver's own. Those for GPUs and those for CPUs run on any OpenCL
/// driver.
/// </summary>
public sealed class ForcedFamilyTests
{
    private const int Generated = 6;

    private static readonly int[] LongPrompt = [.. Enumerable.Range(0, 72).Select(i => 1 + (i * i % 30))];

    private static readonly int[] Prompt = [1, 7, 30, 22, 5, 9, 14, 3, 8, 2, 11, 6];

    [Theory]
    [Trait(Needs.Trait, Needs.OpenCl)]
    [InlineData(TensorFormat.BFloat16)]
    [InlineData(TensorFormat.Q4_K)]
    public void Model_InTheFormsForGpus_MakesTheCpusSteps(TensorFormat type) =>
        Check(KernelFamily.Gpu, type, PastSplits(), Prompt, Generated);

    [Theory]
    [InlineData(TensorFormat.BFloat16, 32, Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    [InlineData(TensorFormat.Q4_K, 32, Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    [InlineData(TensorFormat.Q4_K, 64, Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    public void Model_InTheFormsForAmd_MakesTheCpusSteps(TensorFormat type, int lanes) => Check(
        KernelFamily.Amd, type, PastSplits(), Prompt, Generated,
        lanes == 32 ? WaveFeatures.Emulated32 : WaveFeatures.Emulated64);

    // Products and attention of prompts on matrix cores.
    [Theory]
    [InlineData(
        TensorFormat.BFloat16, (int)(WaveFeatures.Emulated32 | WaveFeatures.Wmma), Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    [InlineData(
        TensorFormat.Q4_K, (int)(WaveFeatures.Emulated64 | WaveFeatures.Mfma), Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    public void Model_OnAmdsMatrixCores_MakesTheCpusSteps(TensorFormat type, int waves) =>
        Check(KernelFamily.Amd, type, PastSplits(), Prompt, Generated, (WaveFeatures)waves);

    // More tokens at once than a tile of a product has.
    [Theory]
    [InlineData(TensorFormat.BFloat16, nameof(KernelFamily.OpenClGpu), Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    [InlineData(TensorFormat.Q4_K, nameof(KernelFamily.OpenClGpu), Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    [InlineData(TensorFormat.Q4_K, nameof(KernelFamily.Gpu), Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    public void Prompt_OfMoreThanATile_MakesTheCpusSteps(TensorFormat type, string family) => Check(
        Enum.Parse<KernelFamily>(family), type, PastSplits(), LongPrompt, 2,
        family == nameof(KernelFamily.Gpu) ? WaveFeatures.None : WaveFeatures.Emulated32, LongPrompt.Length);

    [Theory]
    [InlineData(TensorFormat.BFloat16, Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    [InlineData(TensorFormat.Q4_K, Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    public void Prompt_OnAnSm70_MakesTheCpusSteps(TensorFormat type)
    {
        using var device = TestDevice.OpenCounted("cuda:1");
        Check(device, KernelFamily.CudaWaves, type, PastSplits(), LongPrompt, 2, chunk: LongPrompt.Length);
    }

    // The model that is built in, with every kind of matrix core, emulated.
    [Theory]
    [InlineData(
        nameof(KernelFamily.OpenClGpu), (int)WaveFeatures.Emulated32, Explicit = true, Traits = [Needs.Exhaustive, "models"])]
    [InlineData(
        nameof(KernelFamily.Amd), (int)(WaveFeatures.Emulated32 | WaveFeatures.Wmma), Explicit = true,
        Traits = [Needs.Exhaustive, "models"])]
    [InlineData(
        nameof(KernelFamily.Amd), (int)(WaveFeatures.Emulated32 | WaveFeatures.Wmma12), Explicit = true,
        Traits = [Needs.Exhaustive, "models"])]
    [InlineData(
        nameof(KernelFamily.Amd), (int)(WaveFeatures.Emulated64 | WaveFeatures.Mfma), Explicit = true,
        Traits = [Needs.Exhaustive, "models"])]
    public void Tiny_InWaveForms_MakesTheCpusSteps(string family, int waves)
    {
        using var checkpoint = Checkpoint.OpenBuiltIn("tiny");
        using var device = TestDevice.OpenAs(Enum.Parse<KernelFamily>(family), (WaveFeatures)waves);
        Check(device, checkpoint, new ModelOptions(), Prompt, 16);
    }

    [Theory]
    [InlineData(TensorFormat.Float16, Explicit = true, Traits = [Needs.Trait, Needs.Time])]
    [InlineData(TensorFormat.BFloat16, Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    [InlineData(TensorFormat.Q4_K, Explicit = true, Traits = [Needs.Exhaustive, "formats"])]
    public void Prompt_OnAnSm75_MakesTheCpusSteps(TensorFormat type)
    {
        using var device = TestDevice.OpenCounted("cuda:2");
        Check(device, KernelFamily.CudaWaves, type, PastSplits(), LongPrompt, 2, chunk: LongPrompt.Length);
    }

    // As small as a text past its window can be, for simulators.
    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void ShortText_InTheFormsForGpus_MakesTheCpusSteps() =>
        Check(KernelFamily.Gpu, TensorFormat.BFloat16, new RandomCheckpoint(11) { Type = "F32" }, Prompt[..7], 2);

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void SelfTest_InTheFormsForGpus_Passes()
    {
        using var device = TestDevice.OpenAs(KernelFamily.Gpu);
        SelfTest.Run(device, [TensorFormat.BFloat16, TensorFormat.Q8_0], TensorFormat.Float16, ActivationType.Int8);
    }

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public void Model_InTheFormsForCpus_MakesTheCpusSteps() =>
        Check(KernelFamily.OpenClCpu, TensorFormat.Q8_0, PastSplits(), Prompt, Generated);

    private static void Check(KernelFamily family, TensorFormat type, RandomCheckpoint random, int[] prompt, int generated,
        WaveFeatures waves = WaveFeatures.None, int chunk = 8)
    {
        using var device = TestDevice.OpenAs(family, waves);
        Check(device, family, type, random, prompt, generated, chunk);
    }

    private static void Check(
        ComputeDevice device, KernelFamily family, TensorFormat type, RandomCheckpoint random, int[] prompt, int generated,
        int chunk)
    {
        Assert.Equal(family.ToString(), Family.Of(device).GetType().Name);
        using var folder = new TemporaryFolder();
        random.Write(folder.Path);
        using var checkpoint = Checkpoint.Open(folder.Path);
        Check(device, checkpoint, new ModelOptions(type, Chunk: chunk), prompt, generated);
    }

    private static void Check(ComputeDevice device, Checkpoint checkpoint, ModelOptions options, int[] prompt, int generated)
    {
        // The self-test runs first.
        using var model = MistralModel.LoadUntested(checkpoint, device, options);
        Assert.Equal(Family.Of(device) is OpenClCpu, model.Runner<ChainedPasses>() is not null);
        using var reference = MistralModel.LoadUntested(checkpoint, TestDevice.Get("cpu"), options);
        Assert.Null(new StepCheck(model, reference).Run(prompt, generated, TestContext.Current.CancellationToken).First);
    }

    // Past its window, which is in two splits of decoded tokens.
    private static RandomCheckpoint PastSplits()
    {
        var random = new RandomCheckpoint(11) { Type = "F32" };
        (random.Config["hidden_size"], random.Config["intermediate_size"], random.Config["sliding_window"]) = (256, 256, 14);
        random.Config["num_attention_heads"] = 8;
        return random;
    }
}

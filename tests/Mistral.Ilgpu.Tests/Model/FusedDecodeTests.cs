using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Diagnostics.Profiling;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.PtxMachine.Driver;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>A decoded token on CUDA, whose layer is five launches, by the PTX of its kernels on small models whose rows are whole
/// runs.</summary>
public sealed class FusedDecodeTests
{
    // To the last two the first of the prompt has left the window.
    private const int Generated = 5;

    private static readonly int[] Prompt = [1, 7, 30, 22, 5, 9, 14, 3];

    public static TheoryData<TensorFormat> Types =>
        [TensorFormat.BFloat16, TensorFormat.Float16, TensorFormat.Q8_0, TensorFormat.Q4_0];

    [Theory]
    [MemberData(nameof(Types))]
    public void GreedyTokens_OfAnyType_AreTheCpus(TensorFormat type)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder.Path);
        var options = new ModelOptions(type, Chunk: 16);
        using var model = MistralModel.LoadUntested(checkpoint, TestDevice.Get("cuda"), options);
        using var reference = MistralModel.LoadUntested(checkpoint, TestDevice.Get("cpu"), options);
        Assert.Equal(Greedy(reference), Greedy(model));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Check_AgainstTheCpu_FindsNoDifferenceInAnyStep(TensorFormat type)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder.Path);
        var options = new ModelOptions(type, Chunk: 16);
        using var model = MistralModel.LoadUntested(checkpoint, TestDevice.Get("cuda"), options);
        using var reference = MistralModel.LoadUntested(checkpoint, TestDevice.Get("cpu"), options);
        var taken = new HashSet<string>();
        using var walk = model.WalkBy((step, pass) =>
        {
            step.Launch(pass);
            if (pass.DecodeCount == 1)
            {
                taken.Add(step.Kind);
            }
        });
        Assert.Null(new StepCheck(model, reference).Run(Prompt, Generated, TestContext.Current.CancellationToken).First);
        Assert.Equal(["embed", "qkv", "attend", "attention_output", "swiglu", "down", "output", "choose"], taken);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void RecordedToken_OfALayer_IsFiveLaunches(TensorFormat type)
    {
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder.Path);
        using var device = TestDevice.OpenCounted();
        using var model = MistralModel.LoadUntested(
            checkpoint, device, new ModelOptions(type, Chunk: 16), progress: null, CancellationToken.None);
        Greedy(model, count: 3);
        // The embedding before them, the logits behind, and the choice of the likeliest.
        int recorded = CudaDriver.Counts.RecordedKernels;
        Assert.Equal((5 * checkpoint.Config.LayerCount) + 3, recorded);
        // All but the first and the choice wait by themselves for the one before.
        Assert.Equal(recorded - 2, CudaDriver.Counts.EarlyKernels);
        Assert.Equal(
            ExpectedTimes.Of(model.Config, type, 1, Prompt.Length, isPrompt: false).Sum(step => step.Count * step.Kernels.Count),
            recorded);
    }

    // Of rows in whole stages.
    [Theory]
    [InlineData(TensorFormat.BFloat16)]
    [InlineData(TensorFormat.Q8_0)]
    [InlineData(TensorFormat.Q4_K)]
    public void RecordedTokens_OfALayer_AreSevenLaunches(TensorFormat type)
    {
        const int Texts = 3;
        using var folder = new TemporaryFolder();
        using var checkpoint = Write(folder.Path, 256, 256, heads: 8);
        using var device = TestDevice.OpenCounted();
        using var model = MistralModel.LoadUntested(
            checkpoint, device, new ModelOptions(type, Chunk: 16, Sequences: Texts), progress: null, CancellationToken.None);
        var texts = Enumerable.Range(0, Texts).Select(_ => model.TryOpen()!).ToList();
        var batch = new Batch();
        for (int pass = 0; pass < 3; pass++)
        {
            batch.Clear();
            texts.ForEach(text => batch.Decode(text, Prompt[pass]));
            model.Forward(batch);
        }

        texts.ForEach(text => text.Dispose());
        // The embedding before them, the last norm and the logits behind, and the choice of the likeliest.
        int recorded = CudaDriver.Counts.RecordedKernels;
        Assert.Equal((7 * checkpoint.Config.LayerCount) + 4, recorded);
        Assert.Equal(
            ExpectedTimes.Of(model.Config, type, Texts, Prompt.Length, isPrompt: false).Sum(step => step.Count * step.Kernels.Count),
            recorded);
    }

    private static Checkpoint Write(string folder, int columns = 64, int feedForward = 96, int heads = 4)
    {
        var random = new RandomCheckpoint(11) { Type = "F32" };
        (
            random.Config["hidden_size"], random.Config["intermediate_size"],
            random.Config["sliding_window"]) = (columns, feedForward, 10);
        random.Config["num_attention_heads"] = heads;
        random.Write(folder);
        return Checkpoint.Open(folder);
    }

    private static List<int> Greedy(MistralModel model, int count = Generated)
    {
        using var text = new ModelText(model);
        text.Forward(Prompt);
        List<int> ids = [text.ArgMax()];
        while (ids.Count < count)
        {
            text.Forward([ids[^1]]);
            ids.Add(text.ArgMax());
        }

        return ids;
    }
}

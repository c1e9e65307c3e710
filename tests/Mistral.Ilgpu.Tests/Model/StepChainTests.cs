using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>Decoded tokens whose layers are one launch each have the logits of those whose steps are launched one by one, bit for
/// bit.</summary>
public sealed class StepChainTests
{
    [Theory]
    [Trait(Needs.Trait, Needs.OpenCl)]
    [InlineData(null, 40, 64, 2)]
    [InlineData(TensorFormat.Q8_0, 40, 64, 1)]
    [InlineData(TensorFormat.Q4_0, 300, 1000, 3)]
    public void Decode_Chained_EqualsWalkedBitForBit(TensorFormat? type, int prompt, int window, int workers)
    {
        const int Decoded = 8;
        using var checkpoint = Checkpoint.Open(Checkpoint.Tiny);
        using var model = MistralModel.Load(
            checkpoint, TestDevice.Get("opencl"), new ModelOptions(type, SlidingWindow: window), cancellation: TestContext.Current.CancellationToken);
        model.Prepare();
        model.Runner<ChainedPasses>()!.WorkerCount.Chosen = workers;
        int[] ids = LogitsTests.RandomIds(new Random(7), prompt + Decoded, checkpoint.Config.VocabularySize);
        int walked = 0;

        float[][] chained = Run();
        using var walk = model.WalkBy((step, pass) =>
        {
            step.Launch(pass);
            walked++;
        });
        float[][] oneByOne = Run();

        Assert.True(walked > Decoded * model.Parts[0].Graph.Steps.Count);
        for (int i = 0; i < Decoded; i++)
        {
            Assert.True(chained[i].AsSpan().SequenceEqual(oneByOne[i]), $"decoded token {i}: not the same bits");
        }

        float[][] Run()
        {
            using var text = new ModelText(model);
            text.Forward(ids.AsSpan(0, prompt));
            return
            [
                .. Enumerable.Range(prompt, Decoded).Select(i =>
                {
                    text.Forward(ids.AsSpan(i, 1));
                    var logits = new float[checkpoint.Config.VocabularySize];
                    text.ReadLogits(logits);
                    return logits;
                }),
            ];
        }
    }
}

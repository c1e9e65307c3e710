using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

/// <summary>A pass that is cancelled between its steps leaves texts whose next tokens have the logits that they would have
/// had.</summary>
public sealed class CancellationTests : IDisposable
{
    private const int Chunk = 16;

    private static readonly Checkpoint Tiny = Checkpoint.Open(Checkpoint.Tiny);

    private readonly CancellationTokenSource _source = new();

    public void Dispose() => _source.Dispose();

    [Theory]
    [InlineData("cpu", 64, 32)]
    [InlineData("cpu", 24, 0)]
    [InlineData("opencl", 24, 0, Traits = [Needs.Trait, Needs.OpenCl])]
    public void Forward_CancelledInAChunk_KeepsWhatWasReadUnlessTheWindowHasTurned(string device, int window, int kept)
    {
        using var model = MistralModel.Load(Tiny, TestDevice.Get(device), new ModelOptions(SlidingWindow: window, Chunk: Chunk));
        using var text = new ModelText(model);
        int[] ids = LogitsTests.RandomIds(new Random(5), (2 * Chunk) + 8, Tiny.Config.VocabularySize);
        float[] expected = Logits(text, ids);
        text.Reset();
        using (CancelAfter(model, model.Parts[0].Graph.Steps.Count * 5 / 2))
        {
            Assert.Throws<OperationCanceledException>(() => text.Forward(ids, _source.Token));
        }

        Assert.Equal(kept, text.Position);
        Assert.Equal(expected, Logits(text, ids[kept..]));
    }

    [Fact]
    public void Forward_OfATextThatLostItsPast_IsRefused()
    {
        using var model = MistralModel.Load(Tiny, TestDevice.Get("cpu"), new ModelOptions(SlidingWindow: Chunk, Chunk: Chunk));
        using var sequence = model.TryOpen()!;
        var batch = new Batch();
        batch.Prefill(sequence, new int[Chunk], wantsLogits: false);
        model.Forward(batch, TestContext.Current.CancellationToken);
        using (CancelAfter(model, 1))
        {
            Assert.Throws<OperationCanceledException>(() => model.Forward(batch, _source.Token));
        }

        Assert.True(sequence.IsBroken);
        Assert.Contains("cut short", Assert.Throws<InvalidOperationException>(() => model.Forward(batch, TestContext.Current.CancellationToken)).Message);
    }

    [Fact]
    public async Task Stop_InAChunk_CancelsItsTextsAndGivesTheirPagesBack()
    {
        using var model = MistralModel.Load(Tiny, TestDevice.Get("cpu"), new ModelOptions(Chunk: Chunk, Sequences: 2));
        var engine = new Engine(model, Tiny.Tokenizer, maxWaiting: 4);
        int[] prompt = LogitsTests.RandomIds(new Random(6), 20 * Chunk, Tiny.Config.VocabularySize);
        Task stopped = Task.CompletedTask;
        int steps = model.Parts[0].Graph.Steps.Count * 5 / 2;
        using (model.WalkBy((step, pass) =>
        {
            step.Launch(pass);
            stopped = --steps == 0 ? engine.StopAsync(drain: false) : stopped;
        }))
        {
            var text = engine.Submit(new TextRequest(prompt), TestContext.Current.CancellationToken);
            await text.Completion;
            Assert.Equal(FinishReason.Cancelled, text.FinishReason);
            Assert.Empty(text.Ids);
            await stopped;
        }

        Assert.True(steps > -model.Parts[0].Graph.Steps.Count);
        Assert.Equal(model.Cache.Bytes, model.Cache.Sequences.AvailableBytes);
    }

    [Fact]
    public async Task Text_OfALongPrompt_TellsHowFarItIs()
    {
        using var model = MistralModel.Load(Tiny, TestDevice.Get("cpu"), new ModelOptions(Chunk: Chunk));
        await using var engine = new Engine(model, Tiny.Tokenizer, maxWaiting: 1);
        var told = new List<(int, int)>();
        var request = new TextRequest(new int[40])
        {
            Options = new GenerationOptions { MaxTokens = 1 }, OnRead = (read, of) => told.Add((read, of)),
        };
        await engine.Submit(request, TestContext.Current.CancellationToken).Completion;
        Assert.Equal([(16, 40), (32, 40), (40, 40)], told);
    }

    private static float[] Logits(ModelText text, int[] ids)
    {
        text.Forward(ids);
        var logits = new float[Tiny.Config.VocabularySize];
        text.ReadLogits(logits);
        return logits;
    }

    private IDisposable CancelAfter(MistralModel model, int steps) => model.WalkBy((step, pass) =>
    {
        step.Launch(pass);
        if (--steps == 0)
        {
            _source.Cancel();
        }
    });
}

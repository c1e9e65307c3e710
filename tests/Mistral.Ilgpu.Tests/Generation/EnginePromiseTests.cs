using System.Diagnostics;
using Mistral.Ilgpu.Generation;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>What an engine promises those who submit texts: room, time, seeds, counts.</summary>
public sealed class EnginePromiseTests
{
    private static readonly int[] Prompt = [5, 6, 7];

    [Fact]
    public async Task Submit_QueueFull_IsRefusedAndTakenLater()
    {
        await using var held = new HeldModel(new FakeModel(sequences: 1), maxWaiting: 2);
        Assert.Equal(EngineState.Healthy, held.Engine.Status.State);
        var running = await held.Hold(HeldModel.Request(Prompt, 5));
        var status = held.Engine.Status;
        Assert.Equal((EngineState.Healthy, 1, 0), (status.State, status.Running, status.Waiting));
        Assert.True(status.PassTime > TimeSpan.Zero);
        TextGeneration[] waiting = [held.Submit(Prompt, 5), held.Submit(Prompt, 5)];
        status = held.Engine.Status;
        Assert.Equal((EngineState.Busy, 1, 2), (status.State, status.Running, status.Waiting));
        Assert.Equal(2, Assert.Throws<QueueFullException>(() => held.Submit(Prompt, 5)).MaxWaiting);
        held.GoOn();
        await running.Completion;
        await waiting[0].Completion;
        var later = held.Submit(Prompt, 5);
        await later.Completion;
        Assert.Equal(held.Alone(later), later.Ids);
    }

    [Fact]
    public async Task QueuedText_WithAPenalty_TakesLittle()
    {
        const int Texts = 200;
        await using var held = new HeldModel(new FakeModel(vocabularySize: 32_000, sequences: 1));
        var options = new GenerationOptions { Sampling = new SamplingOptions { RepeatPenalty = 1.1, PresencePenalty = 1 } };
        _ = await held.Hold(HeldModel.Request(Prompt, 1, options));
        _ = held.Submit(Prompt, 5, options);
        var request = HeldModel.Request(Prompt, 5, options);
        held.Engine.Submit(request).Cancel();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Texts / 4; i++)
        {
            held.Engine.Submit(request);
        }

        long each = (GC.GetAllocatedBytesForCurrentThread() - before) / (Texts / 4);
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes");
        Assert.InRange(each, 1, 4 << 10);
    }

    [Fact]
    public async Task Seed_NotGiven_IsOfEachTextItsOwn()
    {
        await using var held = new HeldModel();
        var drawn = new GenerationOptions { Sampling = new SamplingOptions { Temperature = 1 } };
        var seeded = new GenerationOptions { Sampling = new SamplingOptions { Temperature = 1, Seed = 4 } };
        TextGeneration[] texts =
        [
            held.Submit(Prompt, 20, drawn), held.Submit(Prompt, 20, drawn),
            held.Submit(Prompt, 20, seeded), held.Submit(Prompt, 20, seeded),
        ];
        await Task.WhenAll(texts.Select(text => text.Completion));
        Assert.NotEqual(texts[0].Seed, texts[1].Seed);
        Assert.NotEqual(texts[0].Ids, texts[1].Ids);
        Assert.Equal(texts[2].Ids, texts[3].Ids);
        var again = held.Submit(Prompt, 20, drawn with { Sampling = drawn.Sampling with { Seed = texts[0].Seed } });
        await again.Completion;
        Assert.Equal(texts[0].Ids, again.Ids);
    }

    [Fact]
    public async Task PromptLogProbabilities_WhileOthersRun_AreThoseAloneAndThereAtTheEnd()
    {
        await using var held = new HeldModel();
        int[] prompt = [.. Enumerable.Range(3, 30)];
        var others = Enumerable.Range(0, 4).Select(i => held.Submit([i, .. prompt[..(5 * i)]], 40)).ToList();
        // One that ends with the pass that reads the end of its prompt, too.
        var options = new GenerationOptions { PromptLogProbabilities = 2 };
        var scored = new[] { 1, 5 }.Select(maxTokens => held.Submit(prompt, maxTokens, options)).ToList();
        foreach (var text in scored)
        {
            await text.Completion.ContinueWith(
                _ => Assert.Equal(held.Model.ScoresAlone(prompt), text.PromptLogProbabilities),
                TaskContinuationOptions.ExecuteSynchronously);
            Assert.Equal(held.Alone(text), text.Ids);
            Assert.All(text.PromptTopLogProbabilities, top => Assert.Equal(2, top.Count));
        }

        await Task.WhenAll(others.Select(text => text.Completion));
        Assert.All(others, text => Assert.Equal(held.Alone(text), text.Ids));
    }

    [Fact]
    public async Task CachedTokens_OfPromptsThatBeginAlike_CountWholePages()
    {
        await using var held = new HeldModel(new FakeModel(windows: [32]));
        int[] prompt = [.. Enumerable.Range(3, 15)];
        var first = held.Submit(prompt, 2);
        await first.Completion;
        var second = held.Submit([.. prompt, 1], 2);
        await second.Completion;
        var whole = held.Engine.Submit(HeldModel.Request([.. prompt, 1], 2) with { PrefixReuse = PrefixReuse.None });
        await whole.Completion;
        Assert.Equal([0, 12, 0], new[] { first, second, whole }.Select(text => text.CachedTokens));
        Assert.Equal([15, 4, 16], new[] { first, second, whole }.Select(text => text.Timings.PrefillTokens));
        Assert.Equal(whole.Ids, second.Ids);
    }

    [Fact]
    public async Task FirstTokenTime_OfATextThatWaited_HasTheQueueInIt()
    {
        await using var held = new HeldModel(new FakeModel(sequences: 1));
        _ = await held.Hold(HeldModel.Request(Prompt, 2));
        var waiting = held.Submit(Prompt, 2);
        long before = Stopwatch.GetTimestamp();
        await Task.Delay(30, TestContext.Current.CancellationToken);
        var waited = Stopwatch.GetElapsedTime(before);
        held.GoOn();
        await waiting.Completion;
        Assert.True(waiting.Timings.QueueTime >= waited, $"{waiting.Timings.QueueTime} in the queue, waited {waited}");
        Assert.True(waiting.Timings.FirstTokenTime >= waiting.Timings.QueueTime);
    }

    [Fact]
    public async Task Stop_Drained_CompletesWhatRunsAndWhatWaits()
    {
        await using var held = new HeldModel(new FakeModel(sequences: 2));
        var first = await held.Hold(HeldModel.Request(Prompt, 5));
        TextGeneration[] texts = [first, .. Enumerable.Range(1, 9).Select(i => held.Submit([i], 5))];
        var stopped = held.Engine.StopAsync(drain: true);
        Assert.Equal(EngineState.Stopped, held.Engine.Status.State);
        Assert.Throws<EngineStoppedException>(() => held.Submit(Prompt, 5));
        held.GoOn();
        await stopped;
        Assert.All(texts, text => Assert.True(text.Completion.IsCompletedSuccessfully));
        Assert.All(texts, text => Assert.Equal(held.Alone(text), text.Ids));
        Assert.True(held.IsEmpty);
    }

    [Fact]
    public async Task Deadline_WhileWaitingOrRunning_EndsTheText()
    {
        await using var held = new HeldModel(new FakeModel(sequences: 1));
        var deadline = TimeSpan.FromMilliseconds(20);
        var running = await held.Hold(HeldModel.Request(Prompt, 1_000_000) with { Deadline = deadline });
        var waiting = held.Engine.Submit(HeldModel.Request(Prompt, 5) with { Deadline = deadline });
        var patient = held.Submit(Prompt, 5);
        await Task.Delay(2 * deadline, TestContext.Current.CancellationToken);
        held.GoOn();
        await Task.WhenAll(running.Completion, waiting.Completion, patient.Completion);
        Assert.Equal((FinishReason.Deadline, FinishReason.Deadline), (running.FinishReason, waiting.FinishReason));
        Assert.Equal((1, 0), (running.Ids.Count, waiting.Ids.Count));
        Assert.Equal(held.Alone(patient), patient.Ids);
    }

    [Fact]
    public async Task TextAndIds_ReadWhileItRuns_OnlyGrow()
    {
        const int Tokens = 6000;
        await using var held = new HeldModel(HeldModel.OfWholeVocabulary());
        var text = held.Submit(Prompt, Tokens, new GenerationOptions { Stop = ["never at all"] });
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            string read = "";
            IReadOnlyList<int> ids = [];
            while (!text.Completion.IsCompleted)
            {
                string now = text.Text;
                var idsNow = text.Ids;
                Assert.StartsWith(read, now, StringComparison.Ordinal);
                Assert.Equal(ids, idsNow.Take(ids.Count));
                (read, ids) = (now, idsNow);
                Assert.Null(text.StopText);
                Assert.InRange(text.Timings.DecodeTokens, 0, Tokens);
            }
        }));
        // One without a pause.
        var fast = Task.Run(() =>
        {
            for (int length = 0; !text.Completion.IsCompleted;)
            {
                int now = text.Text.Length;
                Assert.True(now >= length);
                length = now;
            }
        });
        await Task.WhenAll([.. readers, fast]);
        Assert.Equal(held.Alone(text), text.Ids);
    }
}

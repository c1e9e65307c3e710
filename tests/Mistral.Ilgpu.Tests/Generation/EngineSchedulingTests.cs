using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>Which texts are in which pass.</summary>
public sealed class EngineSchedulingTests
{
    private const int Chunk = 32;

    private static readonly int[] Long = [.. Enumerable.Range(0, 2000).Select(i => i % 37)];

    // Of each pass its parts, in the order of the passes.
    private readonly List<List<(Sequence Sequence, int Start, int Length, bool IsPrompt)>> _passes = [];

    [Fact]
    public async Task ShortPrompt_BehindALongOne_WaitsForAtMostTwoPasses()
    {
        await using var held = Recorded();
        TextGeneration? behind = null;
        int submitted = 0;
        Sequence? place = null;
        var processor = new Simulation.DoAfter(0, () => place = behind!.Sequence);
        held.OnPass += _ =>
        {
            if (_passes.Count == 10)
            {
                submitted = _passes.Count;
                behind = held.Submit(Long[..30], 3, new GenerationOptions { LogitProcessors = [processor] });
            }
        };
        var text = await Run(held, Long, 3);
        await behind!.Completion;
        int first = _passes.FindIndex(pass => pass.Any(part => part.Sequence == place && part.Start + part.Length == 30));
        // It has its first token in the pass after the one that was under way, or in the next.
        Assert.InRange(first, submitted, submitted + 1);
        Assert.Equal(held.Alone(behind), behind.Ids);
        Assert.Equal(held.Alone(text), text.Ids);
    }

    [Fact]
    public async Task RunningText_WhileALongPromptIsRead_IsInEveryPass()
    {
        await using var held = Recorded();
        var running = await held.Hold(HeldModel.Request([5], 1000));
        var reading = held.Submit(Long, 2);
        held.GoOn();
        await reading.Completion;
        running.Cancel();
        await running.Completion;
        var reads = _passes.Where(pass => pass.Any(part => part.IsPrompt && part.Length > 1)).ToList();
        Assert.Equal((Long.Length + Chunk - 1) / Chunk, reads.Count);
        Assert.All(reads, pass => Assert.Contains(pass, part => part is { IsPrompt: false, Length: 1 }));
    }

    [Fact]
    public async Task Chunks_WhateverElseIsInThePass_EndAtMultiplesOrWithThePrompt()
    {
        await using var held = Recorded(sequences: 6);
        var random = new Random(3);
        int[][] prompts = [.. Enumerable.Range(0, 60).Select(_ => Long[..random.Next(1, 150)])];
        var texts = prompts.Select(prompt => held.Engine.Submit(HeldModel.Request(prompt, random.Next(1, 30)) with
        {
            PrefixReuse = PrefixReuse.None,
        })).ToList();
        await Task.WhenAll(texts.Select(text => text.Completion));
        var chunks = _passes.SelectMany(pass => pass).Where(part => part.IsPrompt).GroupBy(part => part.Sequence);
        Assert.Equal(prompts.Length, chunks.Count());
        var found = chunks.Select(parts => string.Join(' ', parts.Select(part => (part.Start, part.Length))));
        var expected = prompts.Select(prompt => string.Join(' ', Enumerable.Range(0, (prompt.Length + Chunk - 1) / Chunk).Select(
            i => (i * Chunk, Math.Min(Chunk, prompt.Length - (i * Chunk))))));
        Assert.Equal(expected.Order(), found.Order());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(Chunk, 1)]
    [InlineData(Chunk + 3, 1)]
    [InlineData((2 * Chunk) + 5, 2)]
    [InlineData(5 * Chunk, 4)]
    public async Task Pass_WithABudget_HasNoMoreTokensAndEveryRunningText(int budget, int chunks)
    {
        await using var held = Recorded(sequences: 6, budget);
        var running = await held.Hold(HeldModel.Request([5], 60));
        var texts = Enumerable.Range(0, 20).Select(i => held.Engine.Submit(HeldModel.Request(Long[i..(i + (2 * Chunk))], 4) with
        {
            PrefixReuse = PrefixReuse.None,
        })).ToList();
        held.GoOn();
        await Task.WhenAll(texts.Append(running).Select(text => text.Completion));
        Assert.All(texts.Append(running), text => Assert.Equal(held.Alone(text), text.Ids));
        Assert.All(_passes, pass => Assert.True(
            pass.Sum(part => part.Length) <= budget || pass.Count(part => part.IsPrompt) <= 1, $"{pass.Count} parts"));
        Assert.Equal(chunks, _passes.Max(pass => pass.Count(part => part.Length == Chunk)));
        Assert.All(_passes.Take(60), pass => Assert.Contains(pass, part => part.Sequence == _passes[0][0].Sequence));
    }

    [Fact]
    public async Task NewPrompts_WithoutEnd_DoNotKeepALongOneFromBeingRead()
    {
        await using var held = Recorded(sequences: 4);
        var reading = await held.Hold(HeldModel.Request(Long[..320], 2));
        int passes = await RunAmongNewOnes(
            held, reading, () => HeldModel.Request(Long[..Chunk], 1) with { PrefixReuse = PrefixReuse.None });
        Assert.InRange(passes, 1, 5 * 10);
    }

    [Fact]
    public async Task NewTexts_OfOtherAdapters_DoNotKeepAnOldOneFromRunning()
    {
        await using var held = Recorded(sequences: 4);
        var running = await held.Hold(HeldModel.Request([5], 20) with { Adapters = ["a"] });
        int passes = await RunAmongNewOnes(held, running, () => HeldModel.Request([6], 1) with { Adapters = ["b"] });
        Assert.Equal(held.Alone(running), running.Ids);
        Assert.InRange(passes, 1, 5 * 20);
    }

    [Fact]
    public async Task Texts_OfOtherAdapters_TakeTurns()
    {
        await using var held = Recorded(sequences: 4);
        var first = await held.Hold(HeldModel.Request([5], 20) with { Adapters = ["a"] });
        TextGeneration[] texts =
        [
            first,
            held.Engine.Submit(HeldModel.Request([5], 20) with { Adapters = ["b"] }),
            held.Engine.Submit(HeldModel.Request([5], 20) with { Adapters = [] }),
            held.Engine.Submit(HeldModel.Request([5], 20)),
        ];
        held.GoOn();
        await Task.WhenAll(texts.Select(text => text.Completion));
        Assert.Equal([1UL, 2, 0, 3], texts.Select(text => text.Adapters.Mask));
        Assert.All(texts, text => Assert.Equal(held.Alone(text), text.Ids));
        // Of four texts with four masks each has every fourth pass.
        var late = _passes.Skip(4).Take(40).Select(pass => Assert.Single(pass).Sequence).ToList();
        Assert.All(Enumerable.Range(4, late.Count - 4), i => Assert.Same(late[i - 4], late[i]));
    }

    private static async Task<TextGeneration> Run(HeldModel held, int[] prompt, int maxTokens)
    {
        var text = held.Submit(prompt, maxTokens);
        await text.Completion;
        return text;
    }

    // Each pass brings a new text. Returns the passes until the old one has ended.
    private static async Task<int> RunAmongNewOnes(HeldModel held, TextGeneration text, Func<TextRequest> next)
    {
        int passes = 0;
        held.OnPass += _ =>
        {
            if (!text.Completion.IsCompleted)
            {
                passes++;
                held.Engine.Submit(next());
            }
        };
        held.GoOn();
        try
        {
            await text.Completion.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"starved: {text.Ids.Count} tokens, position {text.Sequence?.Position}");
        }

        await held.Engine.StopAsync();
        return passes;
    }

    private HeldModel Recorded(int sequences = 3, int? budget = null)
    {
        var model = new FakeModel(windows: [64], pages: 16 * sequences, sequences: sequences)
        {
            Chunk = Chunk, MaxBatchedTokens = budget, Adapters = new(["a", "b"]),
        };
        return new HeldModel(model, maxWaiting: 100_000)
        {
            OnPass = batch => _passes.Add(
                [.. batch.Parts.Select(part => (part.Sequence, part.Sequence.Position, part.Ids.Length, part.IsPrompt))]),
        };
    }
}

using Mistral.Ilgpu.Generation;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>Conversations that keep their place in the cache.</summary>
public sealed class KeptSequenceTests
{
    private static readonly int[] Prompt = [.. Enumerable.Range(3, 30)];

    private readonly KeptSequence _kept = new();

    [Fact]
    public async Task Turn_AfterAnother_ComputesItsNewTokensPastTheWindowToo()
    {
        await using var held = new HeldModel();
        var first = await Turn(held, Prompt);
        var second = await Turn(held, [.. Prompt, .. first.Ids, 8, 9]);
        // The answer's last token was not computed before.
        Assert.Equal((Prompt.Length + 9, 3), (second.CachedTokens, second.Timings.PrefillTokens));
        var other = await Turn(held, Prompt);
        Assert.Equal(0, other.CachedTokens);
        _kept.Release();
        held.Engine.Wake();
        await held.Engine.StopAsync();
        Assert.True(held.IsEmpty);
    }

    [Fact]
    public async Task Turn_WithOtherAdapters_IsComputedWhole()
    {
        await using var held = new HeldModel(new FakeModel { Adapters = new(["a"]) });
        var first = await Turn(held, Prompt);
        var second = await Turn(held, [.. Prompt, .. first.Ids, 8], request => request with { Adapters = [] });
        Assert.Equal(0, second.CachedTokens);
    }

    [Fact]
    public async Task Turn_WhosePromptIsScored_IsComputedWhole()
    {
        await using var held = new HeldModel();
        var first = await Turn(held, Prompt);
        int[] prompt = [.. Prompt, .. first.Ids, 8];
        var second = await Turn(
            held, prompt, request => request with { Options = request.Options with { PromptLogProbabilities = 0 } });
        Assert.Equal(0, second.CachedTokens);
        Assert.Equal(held.Model.ScoresAlone(prompt), second.PromptLogProbabilities);
    }

    [Fact]
    public async Task Turn_AfterOneThatFailed_IsComputedWhole()
    {
        await using var held = new HeldModel();
        var failed = held.Engine.Submit(Request(Prompt) with
        {
            OnRead = (read, _) => _ = read > 20 ? throw new ArithmeticException() : 0,
        });
        await Assert.ThrowsAsync<ArithmeticException>(() => failed.Completion);
        Assert.Equal(0, (await Turn(held, Prompt)).CachedTokens);
    }

    [Fact]
    public async Task Text_WithoutRoom_TakesThePlaceThatWasIdleLongest()
    {
        await using var held = new HeldModel(new FakeModel(windows: [64], pages: 25, sequences: 3));
        var others = new KeptSequence();
        var first = await Turn(held, Prompt);
        var second = await Turn(held, Prompt, request => request with { Kept = others });
        // Each has 10 pages.
        var large = held.Submit([5], 40);
        await large.Completion;
        var afterFirst = await Turn(held, [.. Prompt, .. first.Ids, 8]);
        var afterSecond = await Turn(held, [.. Prompt, .. second.Ids, 8], request => request with { Kept = others });
        Assert.Equal((0, Prompt.Length + 9), (afterFirst.CachedTokens, afterSecond.CachedTokens));
    }

    [Fact]
    public async Task Text_WithoutRoom_MovesThePlaceToHostMemory()
    {
        await using var held = new HeldModel(new FakeModel(windows: [64], pages: 14, sequences: 3, hostBytes: 1_000));
        var first = await Turn(held, Prompt);
        await held.Submit([5], 40).Completion;
        var second = await Turn(held, [.. Prompt, .. first.Ids, 8]);
        Assert.Equal(Prompt.Length + 9, second.CachedTokens);
    }

    [Fact]
    public async Task Text_WithoutRoomInHostMemory_IsComputedAgain()
    {
        // A text has 10 pages of 32 bytes.
        await using var held = new HeldModel(new FakeModel(windows: [64], pages: 14, sequences: 3, hostBytes: 319));
        var first = await Turn(held, Prompt);
        await held.Submit([5], 40).Completion;
        var second = await Turn(held, [.. Prompt, .. first.Ids, 8]);
        Assert.Equal(0, second.CachedTokens);
    }

    [Fact]
    public async Task Turn_ThatFindsNoRoomToGrow_WaitsForIt()
    {
        await using var held = new HeldModel(new FakeModel(windows: [64], pages: 16, sequences: 3));
        var first = await Turn(held, Prompt);
        var running = await held.Hold(HeldModel.Request([5], 16));
        var second = held.Engine.Submit(
            HeldModel.Request([.. Prompt, .. first.Ids, 8], 23) with { Kept = _kept, PrefixReuse = PrefixReuse.None });
        held.GoOn();
        await second.Completion;
        Assert.True(running.Completion.IsCompleted);
        Assert.Equal(held.Alone(second), second.Ids);
        Assert.Equal(Prompt.Length + 9, second.CachedTokens);
    }

    // A text fills 4 pages. The first two have 3 of them in common, and the one that outgrows its window must copy those.
    [Theory]
    [InlineData(6)]
    [InlineData(8)]
    public async Task Turn_ThatOutgrowsTheWindowInSharedPages_HasPagesForTheirCopies(int pages)
    {
        await using var held = new HeldModel(new FakeModel(windows: [16], pages: pages, sequences: 3) { Chunk = 16 });
        var first = await Turn(held, Prompt[..13], request => request with { Options = request.Options with { MaxTokens = 2 } });
        var running = await held.Hold(HeldModel.Request(Prompt[..13], 3));
        Assert.Equal(12, running.CachedTokens);
        var second = held.Engine.Submit(Request([.. Prompt[..13], .. first.Ids, .. Prompt[..10]]));
        var other = held.Submit([5], 11);
        held.GoOn();
        foreach (var text in new[] { running, second, other })
        {
            await text.Completion;
            Assert.Equal(held.Alone(text), text.Ids);
        }

        Assert.Equal(14, second.CachedTokens);
    }

    private TextRequest Request(int[] prompt) =>
        HeldModel.Request(prompt, 10) with { Kept = _kept, PrefixReuse = PrefixReuse.None };

    private async Task<TextGeneration> Turn(HeldModel held, int[] prompt, Func<TextRequest, TextRequest>? change = null)
    {
        var text = held.Engine.Submit((change ?? (request => request))(Request(prompt)));
        await text.Completion;
        Assert.Equal(held.Alone(text), text.Ids);
        return text;
    }
}

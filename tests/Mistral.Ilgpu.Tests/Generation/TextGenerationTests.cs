using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

/// <summary>What becomes text of the tokens that a model chooses.</summary>
public sealed class TextGenerationTests
{
    private const int Eos = 2;

    private static readonly SentencePieceBpe Tokenizer = SmallModel.English();

    private static readonly int[] Prompt = [Tokenizer.BosId, .. Tokenizer.EncodeToIds("ab")];

    [Fact]
    public async Task Run_UntilTheModelEnds_StreamsTheTextAndLeavesTheEndOut()
    {
        int[] script = [.. Ids(" cd ab"), Eos];

        var (generation, streamed) = await Run(Scripted(script), new GenerationOptions());

        Assert.Equal(" cd ab", generation.Text);
        Assert.Equal(generation.Text, string.Concat(streamed.Select(token => token.Text)));
        Assert.Equal(script[..^1], generation.Ids);
        Assert.Equal(FinishReason.Stop, generation.FinishReason);
        Assert.Equal(Prompt.Length, generation.Timings.PrefillTokens);
        Assert.Equal(script.Length - 1, generation.Timings.DecodeTokens);
    }

    [Fact]
    public async Task Run_IgnoreEos_GoesOnToTheLength()
    {
        int[] script = [Eos, .. Ids(" ab")];

        var (generation, _) = await Run(Scripted(script), new GenerationOptions { IgnoreEos = true, MaxTokens = 2 });

        Assert.Equal(script[..2], generation.Ids);
        Assert.Equal(FinishReason.Length, generation.FinishReason);
    }

    [Fact]
    public async Task Run_StopStringAcrossTokens_IsNotEmitted()
    {
        int[] script = Ids(" ab cd ab");
        Assert.True(script.Length >= 3);

        var (generation, streamed) = await Run(Scripted(script), new GenerationOptions { Stop = ["b c"] });

        Assert.Equal(" a", generation.Text);
        Assert.Equal(" a", string.Concat(streamed.Select(token => token.Text)));
        Assert.Equal(FinishReason.Stop, generation.FinishReason);
    }

    [Fact]
    public async Task Run_TextHeldBackAtTheEnd_FollowsTheLastToken()
    {
        int[] script = [.. Ids(" ab"), Eos];

        var (generation, streamed) = await Run(Scripted(script), new GenerationOptions { Stop = ["b and more"] });

        Assert.Equal(" ab", generation.Text);
        Assert.Equal(new GeneratedToken(null, "b"), streamed[^1]);
    }

    [Fact]
    public async Task Run_CharacterOfSeveralTokens_IsEmittedWhole()
    {
        // Thai letters are in no piece: three bytes each.
        int[] script = [.. Tokenizer.EncodeToIds("กข").Skip(1), Eos];

        var (generation, streamed) = await Run(Scripted(script), new GenerationOptions());

        Assert.Equal("กข", generation.Text);
        Assert.All(streamed, token => Assert.DoesNotContain('\uFFFD', token.Text));
    }

    [Fact]
    public async Task Run_EndInsideACharacter_ReplacesItsBytes()
    {
        int[] script = [.. Tokenizer.EncodeToIds("ก").Skip(1)];

        var (generation, _) = await Run(Scripted(script), new GenerationOptions { MaxTokens = 2 });

        Assert.Equal("\uFFFD\uFFFD", generation.Text);
        Assert.Equal(FinishReason.Length, generation.FinishReason);
    }

    [Fact]
    public async Task Run_ContextFull_EndsWithLength()
    {
        var model = Scripted(Ids(" ab"), context: Prompt.Length + 3);

        var (generation, _) = await Run(model, new GenerationOptions { MaxTokens = 100 });

        // Three more fit, and the last one's successor is known without reading it.
        Assert.Equal(4, generation.Ids.Count);
        Assert.Equal(FinishReason.Length, generation.FinishReason);
    }

    [Fact]
    public async Task Run_Cancelled_KeepsTheTextSoFar()
    {
        await using var engine = new Engine(Scripted(Ids(" ab")), Tokenizer, maxWaiting: 1);
        var generation = engine.Submit(
            new TextRequest(Prompt) { Options = new GenerationOptions { MaxTokens = 1_000_000 } }, TestContext.Current.CancellationToken);
        List<GeneratedToken> streamed = [];
        await foreach (var token in generation)
        {
            streamed.Add(token);
            if (streamed.Count == 3)
            {
                generation.Cancel();
            }
        }

        Assert.Equal(FinishReason.Cancelled, generation.FinishReason);
        Assert.InRange(generation.Ids.Count, 3, 999_999);
        Assert.Equal(generation.Text, string.Concat(streamed.Select(token => token.Text)));
    }

    [Fact]
    public async Task Run_CancelledInThePrefill_HasNoText()
    {
        using var source = new CancellationTokenSource();
        var model = Scripted(Ids(" ab"));
        model.OnForward = _ => source.Cancel();
        await using var engine = new Engine(model, Tokenizer, maxWaiting: 1);
        var generation = engine.Submit(new TextRequest([.. Prompt, .. Prompt, .. Prompt, .. Prompt, .. Prompt]), source.Token);
        await generation.Completion;

        Assert.Empty(generation.Ids);
        Assert.Equal(FinishReason.Cancelled, generation.FinishReason);
    }

    [Fact]
    public async Task Run_TextOfItsOwn_HasNoSpaceBeforeItsFirstWord()
    {
        int[] script = [.. Ids(" ab"), Eos];
        var (answer, _) = await Run(Scripted(script), new TextRequest(Prompt) { StartsText = true });
        Assert.Equal("ab", answer.Text);

        var (alone, _) = await Run(Scripted(script, promptLength: 1), new TextRequest([Tokenizer.BosId]));
        Assert.Equal("ab", alone.Text);
    }

    [Fact]
    public async Task Run_PenaltyOverThePrompt_AvoidsItsTokens()
    {
        // The wanted token's logit is 10 and all others' 1: seen in the prompt, it falls below them.
        var options = new GenerationOptions { MaxTokens = 1, Sampling = new SamplingOptions { RepeatPenalty = 20 } };
        int seen = Prompt[^1];
        int unseen = Ids(" cd")[0];

        Assert.Equal(unseen, await First(unseen, options));
        Assert.NotEqual(seen, await First(seen, options));
        Assert.Equal(seen, await First(seen, options with { Sampling = new SamplingOptions() }));

        static async Task<int> First(int wanted, GenerationOptions options) =>
            (await Run(Scripted([wanted]), options)).Generation.Ids[0];
    }

    [Fact]
    public async Task Run_TokenPastTheTokenizersVocabulary_StandsForNoText()
    {
        int padding = Tokenizer.VocabularySize + 3;
        var model = Scripted([padding, Eos], vocabularySize: padding + 1);

        var (generation, _) = await Run(model, new GenerationOptions());

        Assert.Equal([padding], generation.Ids);
        Assert.Equal("", generation.Text);
    }

    private static int[] Ids(string text) => [.. Tokenizer.EncodeToIds(text.TrimStart(' '))];

    // Wants the script's n-th token after n tokens of output, and its last one from then on.
    private static FakeModel Scripted(int[] script, int? promptLength = null, int? context = null, int? vocabularySize = null) =>
        new(vocabularySize ?? Tokenizer.VocabularySize)
        {
            EosIds = [Eos],
            Context = context,
            Script = position => script[Math.Min(position - (promptLength ?? Prompt.Length), script.Length - 1)],
        };

    private static Task<(TextGeneration Generation, List<GeneratedToken> Streamed)> Run(FakeModel model, GenerationOptions options) =>
        Run(model, new TextRequest(Prompt) { Options = options });

    private static async Task<(TextGeneration Generation, List<GeneratedToken> Streamed)> Run(FakeModel model, TextRequest request)
    {
        await using var engine = new Engine(model, Tokenizer, maxWaiting: 1);
        var generation = engine.Submit(request, TestContext.Current.CancellationToken);
        List<GeneratedToken> streamed = [];
        await foreach (var token in generation)
        {
            streamed.Add(token);
        }

        return (generation, streamed);
    }
}

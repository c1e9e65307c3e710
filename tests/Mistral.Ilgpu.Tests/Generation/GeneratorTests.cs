using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Tests.Tokenization;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Generation;

public sealed class GeneratorTests
{
    private const int Eos = 2;

    private static readonly SentencePieceBpe Tokenizer = SmallModel.English();

    private static readonly int[] Prompt = [Tokenizer.BosId, .. Tokenizer.EncodeToIds("ab")];

    [Fact]
    public void Run_UntilTheModelEnds_StreamsTheTextAndLeavesTheEndOut()
    {
        int[] script = [.. Ids(" cd ab"), Eos];

        var (generation, streamed) = Run(Scripted(script), new GenerationOptions());

        Assert.Equal(" cd ab", generation.Text);
        Assert.Equal(generation.Text, string.Concat(streamed.Select(token => token.Text)));
        Assert.Equal(script[..^1], generation.Ids);
        Assert.Equal(FinishReason.Stop, generation.FinishReason);
        Assert.Equal(Prompt.Length, generation.Timings.PrefillTokens);
        Assert.Equal(script.Length - 1, generation.Timings.DecodeTokens);
    }

    [Fact]
    public void Run_IgnoreEos_GoesOnToTheLength()
    {
        int[] script = [Eos, .. Ids(" ab")];

        var (generation, _) = Run(Scripted(script), new GenerationOptions { IgnoreEos = true, MaxTokens = 2 });

        Assert.Equal(script[..2], generation.Ids);
        Assert.Equal(FinishReason.Length, generation.FinishReason);
    }

    [Fact]
    public void Run_StopStringAcrossTokens_IsNotEmitted()
    {
        int[] script = Ids(" ab cd ab");
        Assert.True(script.Length >= 3);

        var (generation, streamed) = Run(Scripted(script), new GenerationOptions { Stop = ["b c"] });

        Assert.Equal(" a", generation.Text);
        Assert.Equal(" a", string.Concat(streamed.Select(token => token.Text)));
        Assert.Equal(FinishReason.Stop, generation.FinishReason);
    }

    [Fact]
    public void Run_TextHeldBackAtTheEnd_FollowsTheLastToken()
    {
        int[] script = [.. Ids(" ab"), Eos];

        var (generation, streamed) = Run(Scripted(script), new GenerationOptions { Stop = ["b and more"] });

        Assert.Equal(" ab", generation.Text);
        Assert.Equal(new GeneratedToken(null, "b"), streamed[^1]);
    }

    [Fact]
    public void Run_CharacterOfSeveralTokens_IsEmittedWhole()
    {
        // Thai letters are in no piece: three bytes each.
        int[] script = [.. Tokenizer.EncodeToIds("กข").Skip(1), Eos];

        var (generation, streamed) = Run(Scripted(script), new GenerationOptions());

        Assert.Equal("กข", generation.Text);
        Assert.All(streamed, token => Assert.DoesNotContain('\uFFFD', token.Text));
    }

    [Fact]
    public void Run_EndInsideACharacter_ReplacesItsBytes()
    {
        int[] script = [.. Tokenizer.EncodeToIds("ก").Skip(1)];

        var (generation, _) = Run(Scripted(script), new GenerationOptions { MaxTokens = 2 });

        Assert.Equal("\uFFFD\uFFFD", generation.Text);
        Assert.Equal(FinishReason.Length, generation.FinishReason);
    }

    [Fact]
    public void Run_ContextFull_EndsWithLength()
    {
        var model = new ScriptedLogits(Tokenizer.VocabularySize, Prompt.Length, Ids(" ab")) { Context = Prompt.Length + 3 };

        var (generation, _) = Run(model, new GenerationOptions { MaxTokens = 100 });

        // Three more fit, and the last one's successor is known without reading it.
        Assert.Equal(4, generation.Ids.Count);
        Assert.Equal(FinishReason.Length, generation.FinishReason);
    }

    [Fact]
    public void Run_Cancelled_KeepsTheTextSoFar()
    {
        using var source = new CancellationTokenSource();
        var model = Scripted(Ids(" ab"));
        var generation = new Generator(model, Tokenizer, [Eos]).Start(Prompt, new GenerationOptions { MaxTokens = 100 });
        List<GeneratedToken> streamed = [];
        foreach (var token in generation.Run(source.Token))
        {
            streamed.Add(token);
            if (streamed.Count == 3)
            {
                source.Cancel();
            }
        }

        Assert.Equal(FinishReason.Cancelled, generation.FinishReason);
        Assert.Equal(3, generation.Ids.Count);
        Assert.Equal(generation.Text, string.Concat(streamed.Select(token => token.Text)));
        Assert.Equal(Prompt.Length + 2, model.Position);
    }

    [Fact]
    public void Run_CancelledInThePrefill_HasNoText()
    {
        using var source = new CancellationTokenSource();
        var model = new ScriptedLogits(Tokenizer.VocabularySize, Prompt.Length, Ids(" ab")) { OnForward = source.Cancel };

        var generation = new Generator(model, Tokenizer, [Eos]).Start(Prompt, new GenerationOptions());

        Assert.Empty(generation.Run(source.Token));
        Assert.Equal(FinishReason.Cancelled, generation.FinishReason);
    }

    [Fact]
    public void Run_BeginningAlreadyRead_ReadsOnlyTheRest()
    {
        var model = Scripted([.. Ids(" ab"), Eos]);
        model.Forward(Prompt.AsSpan(0, 1), TokenChoice.Likeliest, CancellationToken.None);

        var (generation, _) = Run(model, new GenerationOptions());

        Assert.Equal(Prompt, model.Read.Take(Prompt.Length));
        Assert.Equal(Prompt.Length - 1, generation.Timings.PrefillTokens);
        Assert.Throws<ArgumentException>(() => new Generator(model, Tokenizer, [Eos]).Start(Prompt, new GenerationOptions()));
    }

    [Fact]
    public void Run_TextOfItsOwn_HasNoSpaceBeforeItsFirstWord()
    {
        int[] script = [.. Ids(" ab"), Eos];
        var answer = new Generator(Scripted(script), Tokenizer, [Eos]).Start(Prompt, new GenerationOptions(), startsText: true);
        Assert.Equal("ab", string.Concat(answer.Run(TestContext.Current.CancellationToken).Select(token => token.Text)));

        var alone = new Generator(new ScriptedLogits(Tokenizer.VocabularySize, 1, script), Tokenizer, [Eos])
            .Start([Tokenizer.BosId], new GenerationOptions());
        Assert.Equal("ab", string.Concat(alone.Run(TestContext.Current.CancellationToken).Select(token => token.Text)));
    }

    [Fact]
    public void Run_PenaltyOverThePrompt_AvoidsItsTokens()
    {
        // The scripted token's logit is 10 and all others' 1: seen in the prompt, it falls below them.
        var options = new GenerationOptions { MaxTokens = 1, Sampling = new SamplingOptions { RepeatPenalty = 20 } };
        int seen = Prompt[^1];
        int unseen = Ids(" cd")[0];

        Assert.Equal(unseen, Run(Scripted(unseen), options).Generation.Ids[0]);
        Assert.NotEqual(seen, Run(Scripted(seen), options).Generation.Ids[0]);
        Assert.Equal(seen, Run(Scripted(seen), options with { Sampling = SamplingOptions.Greedy }).Generation.Ids[0]);
    }

    [Fact]
    public void Run_TokenPastTheTokenizersVocabulary_StandsForNoText()
    {
        int padding = Tokenizer.VocabularySize + 3;
        var model = new ScriptedLogits(padding + 1, Prompt.Length, [padding, Eos]);

        var (generation, _) = Run(model, new GenerationOptions());

        Assert.Equal([padding], generation.Ids);
        Assert.Equal("", generation.Text);
    }

    private static int[] Ids(string text) => [.. Tokenizer.EncodeToIds(text.TrimStart(' '))];

    private static ScriptedLogits Scripted(params int[] script) => new(Tokenizer.VocabularySize, Prompt.Length, script);

    private static (Ilgpu.Generation.Generation Generation, List<GeneratedToken> Streamed) Run(
        ScriptedLogits model, GenerationOptions options)
    {
        var generation = new Generator(model, Tokenizer, [Eos]).Start(Prompt, options);
        return (generation, [.. generation.Run(TestContext.Current.CancellationToken)]);
    }
}

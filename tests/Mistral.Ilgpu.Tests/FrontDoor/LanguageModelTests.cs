using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;
using Xunit;

namespace Mistral.Ilgpu.Tests.FrontDoor;

/// <summary>A model as a user of the library has it.</summary>
public sealed class LanguageModelTests(TinyLanguageModel tiny) : IClassFixture<TinyLanguageModel>
{
    private const string Story = "Once upon a time there was a girl named Lily. She had a red ball. One day she";

    private LanguageModel Model => tiny.Model;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Generate_TwiceAtOnce_IsOneText()
    {
        var texts = new[] { Model.GenerateAsync(Story), Model.GenerateAsync(Story) };
        string streamed = "";
        await foreach (var piece in texts[0].WithCancellation(Cancellation))
        {
            streamed += piece.Text;
        }

        await texts[1].Completion;
        Assert.NotEmpty(streamed);
        Assert.Equal(streamed, texts[0].Text);
        Assert.Equal(streamed, texts[1].Text);
        Assert.Equal(FinishReason.Stop, texts[0].FinishReason);
        Assert.Equal(texts[0].PromptIds.Count, texts[0].CachedTokens + texts[0].Timings.PrefillTokens);
    }

    [Fact]
    public async Task Generate_EnumerationIsLeft_StopsTheText()
    {
        var text = Model.GenerateAsync(Story, new GenerationOptions { MaxTokens = 1_000_000, IgnoreEos = true }, Cancellation);
        await foreach (var _ in text)
        {
            break;
        }

        await text.Completion;
        Assert.Equal(FinishReason.Cancelled, text.FinishReason);
    }

    [Fact]
    public async Task Generate_TokenIsCancelled_ThrowsAndStops()
    {
        using var source = new CancellationTokenSource();
        var text = Model.GenerateAsync(Story, new GenerationOptions { MaxTokens = 1_000_000, IgnoreEos = true }, source.Token);
        await Assert.ThrowsAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in text)
            {
                await source.CancelAsync();
            }
        });
        await text.Completion;
        Assert.Equal(FinishReason.Cancelled, text.FinishReason);
    }

    [Fact]
    public async Task Chat_Question_IsAnswered()
    {
        var answer = Model.ChatAsync([new("user", "What is 7 + 5?")], cancellation: Cancellation);
        string text = "";
        await foreach (var piece in answer)
        {
            text += piece.Text;
        }

        Assert.Equal("7 + 5 = 12.", text);
        Assert.Equal(text, answer.Text);
        Assert.Equal(new Message(MessageRole.Assistant, text).Content, answer.Message.Content);
    }

    [Fact]
    public async Task Session_ManyTurnsPastTheWindow_ComputesNewTokensAlone()
    {
        using var chat = Model.StartChat();
        int computed = 0;
        int length = 0;
        foreach (string turn in new[] { "My name is Sophie.", "What is 7 + 5?", "Tell me a story about a fox.", "What is my name?" })
        {
            var answer = chat.AskAsync(turn, cancellation: Cancellation);
            await answer.Completion;
            computed += answer.Generation.Timings.PrefillTokens + answer.Generation.Timings.DecodeTokens;
            length = answer.Generation.PromptIds.Count + answer.Generation.Ids.Count;
        }

        Assert.Equal("Your name is Sophie.", chat.Messages[^1].Content);
        Assert.True(length > 64, $"{length} tokens, expected more than the window");
        // Each token once, and the one that ends each answer.
        Assert.InRange(computed, length - 1, length + 4);
    }

    [Fact]
    public async Task Session_OtherTextsNeedItsPlace_IsComputedAnewAndAnswersAlike()
    {
        using var kept = Model.StartChat();
        var first = kept.AskAsync("My name is Sophie.", cancellation: Cancellation);
        await first.Completion;
        // As many as run at once: one of them takes the place.
        await Task.WhenAll(Enumerable.Range(0, 3).Select(i =>
            Model.GenerateAsync($"Day {i}", new GenerationOptions { MaxTokens = 40, IgnoreEos = true }, Cancellation).Completion));
        var second = kept.AskAsync("What is my name?", cancellation: Cancellation);
        await second.Completion;
        Assert.Equal("Your name is Sophie.", second.Text);
        Assert.InRange(second.Generation.CachedTokens, 0, first.Generation.PromptIds.Count);
    }

    [Fact]
    public async Task Session_AnswerUnderWay_RefusesTheNextTurn()
    {
        using var chat = Model.StartChat();
        var answer = chat.AskAsync(
            "Tell me a story.", new GenerationOptions { MaxTokens = 1_000_000, IgnoreEos = true }, Cancellation);
        Assert.Throws<InvalidOperationException>(() => chat.AskAsync("Hm?", cancellation: Cancellation));
        answer.Generation.Cancel();
        await answer.Completion;
        var next = chat.AskAsync("What is 7 + 5?", cancellation: Cancellation);
        await next.Completion;
        Assert.Equal("7 + 5 = 12.", next.Text);
    }

    [Fact]
    public async Task Score_TextInABatch_IsThatOfTheTextAlone()
    {
        var alone = await Model.ScoreAsync(Story, topLogProbabilities: 3, Cancellation);
        var running = Model.GenerateAsync("One day", new GenerationOptions { MaxTokens = 300, IgnoreEos = true }, Cancellation);
        var scores = await Task.WhenAll(
            Model.ScoreAsync(Story, 3, Cancellation), Model.ScoreAsync("A dog.", 3, Cancellation), Model.ScoreAsync(Story, 3, Cancellation));
        await running.Completion;
        Assert.Equal(alone.LogProbabilities, scores[0].LogProbabilities);
        Assert.Equal(alone.LogProbabilities, scores[2].LogProbabilities);
        Assert.Equal(alone.Ids.Count - 1, alone.TopLogProbabilities.Count);
        Assert.All(alone.TopLogProbabilities, (top, i) =>
        {
            Assert.Equal(3, top.Count);
            Assert.True(top[0].Value >= top[1].Value && top[1].Value >= top[2].Value);
            Assert.True(top[0].Value >= alone.LogProbabilities[i]);
        });
        Assert.InRange(alone.Perplexity!.Value, 1, 5);
    }

    [Fact]
    public async Task Score_EmptyText_IsTheStartAlone()
    {
        var score = await Model.ScoreAsync("", cancellation: Cancellation);
        Assert.Equal([Model.Tokenizer.BosId], score.Ids);
        Assert.Null(score.Perplexity);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Model.ScoreAsync([], 0, wantsLogits: false, onRead: null, Cancellation));
    }

    [Fact]
    public async Task LogProbabilities_OfGeneratedTokens_AreThoseOfScoring()
    {
        var options = new GenerationOptions { MaxTokens = 12, TopLogProbabilities = 2, PromptLogProbabilities = 0 };
        var text = Model.GenerateAsync(Story, options, Cancellation);
        List<GeneratedToken> tokens = [];
        await foreach (var token in text)
        {
            tokens.Add(token);
        }

        var plain = Model.GenerateAsync(Story, options with { TopLogProbabilities = null }, Cancellation);
        await plain.Completion;
        Assert.Equal(plain.Ids, text.Ids);
        var score = await Model.ScoreAsync([.. text.PromptIds, .. text.Ids], 2, wantsLogits: false, onRead: null, Cancellation);
        Assert.Equal(score.LogProbabilities.Take(text.PromptLogProbabilities.Count), text.PromptLogProbabilities);
        Assert.All(tokens.Where(token => token.Id is not null), (token, i) =>
        {
            Assert.Equal(token.Id, token.TopLogProbabilities![0].Id);
            Assert.Equal(token.LogProbability, token.TopLogProbabilities[0].Value);
            // A generated token is rounded otherwise than a prompt's.
            Assert.Equal(score.LogProbabilities[text.PromptIds.Count - 1 + i], token.LogProbability!.Value, 2e-2);
        });
    }

    [Fact]
    public async Task Embed_Texts_AlikeOnesAreNear()
    {
        float[][] mean = await Task.WhenAll(new[] { "The dog ran home.", "The cat ran home.", "7 + 5 = 12." }.Select(
            text => Model.EmbedAsync(text, cancellation: Cancellation)));
        Assert.All(mean, vector => Assert.Equal(Model.Info.Dim, vector.Length));
        Assert.True(Cosine(mean[0], mean[1]) > Cosine(mean[0], mean[2]) + 0.05);
        // The last token's state does not depend on how the prompt is cut, nor on what runs beside.
        float[] last = await Model.EmbedAsync(Story, EmbeddingPooling.LastToken, Cancellation);
        var others = Model.GenerateAsync("One day", new GenerationOptions { MaxTokens = 100, IgnoreEos = true }, Cancellation);
        Assert.Equal(last, await Model.EmbedAsync(Story, EmbeddingPooling.LastToken, Cancellation));
        await others.Completion;

        static double Cosine(float[] a, float[] b) =>
            a.Zip(b, (x, y) => (double)x * y).Sum() / Math.Sqrt(a.Sum(x => (double)x * x) * b.Sum(x => (double)x * x));
    }

    [Fact]
    public async Task PrefixReuse_Answers_AreNotComputedAgain()
    {
        int[] prompt = [Model.Tokenizer.BosId, .. Model.Tokenizer.EncodeToIds("A boy named Tom went to the park. He saw")];
        var first = await Run(prompt, PrefixReuse.PromptsAndAnswers);
        int[] longer = [.. prompt, .. first.Ids];
        Assert.True(longer.Length > 48);
        var second = await Run(longer, PrefixReuse.PromptsAndAnswers);
        Assert.InRange(second.CachedTokens, 32, longer.Length - 1);
        var exact = await Run(longer, PrefixReuse.Prompts);
        Assert.InRange(exact.CachedTokens, 0, prompt.Length);
        var none = await Run(longer, PrefixReuse.None);
        Assert.Equal(0, none.CachedTokens);
        Assert.Equal(none.Ids, exact.Ids);

        async Task<TextGeneration> Run(int[] ids, PrefixReuse reuse)
        {
            var request = new TextRequest(ids)
            {
                Options = new GenerationOptions { MaxTokens = 45, IgnoreEos = true }, PrefixReuse = reuse,
            };
            var text = Model.Engine.Submit(request, Cancellation);
            await text.Completion;
            return text;
        }
    }

    [Fact]
    public async Task Bias_AndProcessor_DecideTheToken()
    {
        int forced = Model.Tokenizer.EncodeToIds("dog")[0];
        var options = new GenerationOptions { MaxTokens = 3, Sampling = new SamplingOptions { LogitBias = new Dictionary<int, float> { [forced] = 1000 } } };
        var biased = Model.GenerateAsync(Story, options, Cancellation);
        await biased.Completion;
        Assert.Equal([forced, forced, forced], biased.Ids);
        var processed = Model.GenerateAsync(Story, new GenerationOptions { MaxTokens = 3, LogitProcessors = [new Only(forced)] }, Cancellation);
        await processed.Completion;
        Assert.Equal([forced, forced, forced], processed.Ids);
    }

    [Fact]
    public async Task Load_UnknownDeviceOrModel_IsOneErrorOfTheCaller()
    {
        var device = await Assert.ThrowsAsync<DeviceException>(() => LanguageModel.LoadAsync(
            "tiny", new LanguageModelOptions { Device = "opencl:99" }, cancellation: Cancellation));
        Assert.IsType<MistralException>(device, exactMatch: false);
        await Assert.ThrowsAsync<ModelFileException>(() => LanguageModel.LoadAsync(
            "no-such-file.gguf", new LanguageModelOptions { Device = "cpu" }, cancellation: Cancellation));
    }

    [Fact]
    public async Task Dispose_ThenUse_IsRefusedByName()
    {
        var reports = new List<LoadProgress>();
        var model = await LanguageModel.LoadAsync(
            "tiny", new LanguageModelOptions { Device = "cpu" }, new Reports(reports), Cancellation);
        Assert.Equal(reports[^1].TotalBytes, reports[^1].BytesLoaded);
        var text = model.GenerateAsync(Story, new GenerationOptions { MaxTokens = 1_000_000, IgnoreEos = true }, Cancellation);
        await model.DisposeAsync();
        await text.Completion;
        Assert.Equal(FinishReason.Cancelled, text.FinishReason);
        Assert.Throws<EngineStoppedException>(() => model.GenerateAsync(Story, cancellation: Cancellation));
        await Assert.ThrowsAsync<EngineStoppedException>(() => model.ScoreAsync(Story, cancellation: Cancellation));
        Assert.Equal(EngineState.Stopped, model.Engine.Status.State);
        await model.DisposeAsync();
    }

    private sealed class Reports(List<LoadProgress> reports) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => reports.Add(value);
    }

    private sealed class Only(int id) : ILogitProcessor
    {
        public void Process(ReadOnlySpan<int> ids, int promptLength, Span<float> logits)
        {
            float kept = logits[id];
            logits.Fill(float.NegativeInfinity);
            logits[id] = kept;
        }
    }
}

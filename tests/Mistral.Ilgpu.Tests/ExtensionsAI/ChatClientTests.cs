using Microsoft.Extensions.AI;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Extensions.AI;
using Mistral.Ilgpu.Generation;
using Xunit;

namespace Mistral.Ilgpu.Tests.ExtensionsAI;

/// <summary>Answers of the built-in model through <see cref="IChatClient"/>.</summary>
[Collection(nameof(TinyLanguageModelCollection))]
public sealed class ChatClientTests(TinyLanguageModel tiny)
{
    private const string Question = "What is 7 + 5?";

    private readonly IChatClient _client = tiny.Model.AsChatClient();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GetResponse_Question_IsTheModelsAnswer()
    {
        var answer = tiny.Model.ChatAsync([new("user", Question)], cancellation: Cancellation);
        await answer.Completion;

        var response = await _client.GetResponseAsync(Question, cancellationToken: Cancellation);

        Assert.NotEmpty(response.Text);
        Assert.Equal(answer.Text, response.Text);
        Assert.Equal(ChatRole.Assistant, Assert.Single(response.Messages).Role);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Equal("tiny", response.ModelId);
        Assert.NotEmpty(response.ResponseId!);
        Assert.Equal(response.ResponseId, response.Messages[0].MessageId);
        Assert.InRange(DateTimeOffset.UtcNow - response.CreatedAt!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        Assert.Equal(answer.Generation.Ids, Assert.IsType<ChatAnswer>(response.RawRepresentation).Generation.Ids);
    }

    [Fact]
    public async Task GetStreamingResponse_Updates_MakeTheResponse()
    {
        var options = new ChatOptions { Temperature = 0.8f, TopP = 0.9f, Seed = 7, MaxOutputTokens = 30 };
        var whole = await _client.GetResponseAsync(Question, options, Cancellation);

        List<ChatResponseUpdate> updates = [];
        await foreach (var update in _client.GetStreamingResponseAsync(Question, options, Cancellation))
        {
            updates.Add(update);
        }

        Assert.True(updates.Count > 2);
        Assert.All(updates, update => Assert.Equal(updates[0].ResponseId, update.ResponseId));
        Assert.All(updates[..^1], update => Assert.Null(update.FinishReason));
        var streamed = updates.ToChatResponse();
        Assert.Equal(whole.Text, streamed.Text);
        Assert.Equal(whole.FinishReason, streamed.FinishReason);
        Assert.Equal(whole.Usage!.OutputTokenCount, streamed.Usage!.OutputTokenCount);
        Assert.NotEqual(whole.ResponseId, streamed.ResponseId);
    }

    [Fact]
    public async Task GetResponse_Options_AreTheLibrarys()
    {
        var settings = new GenerationOptions
        {
            MaxTokens = 25,
            Sampling = new SamplingOptions
            {
                Temperature = 1.1, TopP = 0.95, TopK = 40, PresencePenalty = 0.3, FrequencyPenalty = 0.7, Seed = 11,
            },
        };
        var answer = tiny.Model.ChatAsync([new("user", Question)], options: settings, cancellation: Cancellation);
        await answer.Completion;

        var response = await _client.GetResponseAsync(
            Question,
            new ChatOptions
            {
                MaxOutputTokens = 25, Temperature = 1.1f, TopP = 0.95f, TopK = 40, PresencePenalty = 0.3f,
                FrequencyPenalty = 0.7f, Seed = 11,
            },
            Cancellation);

        var used = ((ChatAnswer)response.RawRepresentation!).Generation.Request.Options;
        Assert.Equal(settings.Sampling, used.Sampling);
        Assert.Equal(settings.MaxTokens, used.MaxTokens);
        Assert.Equal(answer.Text, response.Text);
    }

    [Fact]
    public async Task GetResponse_Instructions_AreASystemMessage()
    {
        var response = await _client.GetResponseAsync(
            Question, new ChatOptions { Instructions = "Count.", MaxOutputTokens = 1 }, Cancellation);
        var answer = tiny.Model.ChatAsync(
            [new("system", "Count."), new("user", Question)], options: new() { MaxTokens = 1 }, cancellation: Cancellation);

        Assert.Equal(answer.Generation.PromptIds, ((ChatAnswer)response.RawRepresentation!).Generation.PromptIds);
    }

    [Fact]
    public async Task GetResponse_Usage_CountsTokens()
    {
        // Longer than a page, shorter than the window. No other test asks this, so the first time none of it is in the cache.
        ChatMessage[] messages = [new(ChatRole.User, string.Join(' ', Enumerable.Repeat("The king had a cat and a dog.", 4)))];
        var options = new ChatOptions { MaxOutputTokens = 5 };

        var first = await _client.GetResponseAsync(messages, options, Cancellation);
        var second = await _client.GetResponseAsync(messages, options, Cancellation);

        var text = ((ChatAnswer)first.RawRepresentation!).Generation;
        Assert.Equal(ChatFinishReason.Length, first.FinishReason);
        Assert.Equal(5, first.Usage!.OutputTokenCount);
        Assert.Equal(text.PromptIds.Count, first.Usage.InputTokenCount);
        Assert.Equal(text.PromptIds.Count + 5, first.Usage.TotalTokenCount);
        Assert.Equal(0, first.Usage.ReasoningTokenCount);
        Assert.Equal(first.Usage.InputTokenCount, second.Usage!.InputTokenCount);
        Assert.True(second.Usage.CachedInputTokenCount > first.Usage.CachedInputTokenCount);
    }

    [Fact]
    public async Task GetResponse_StopSequence_EndsBeforeIt()
    {
        var whole = await _client.GetResponseAsync("Tell me a story.", new ChatOptions { MaxOutputTokens = 40 }, Cancellation);
        string stop = whole.Text[10..14];

        var response = await _client.GetResponseAsync(
            "Tell me a story.", new ChatOptions { MaxOutputTokens = 40, StopSequences = [stop] }, Cancellation);

        Assert.Equal(whole.Text[..whole.Text.IndexOf(stop, StringComparison.Ordinal)], response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancellation_OfACall_ThrowsAndStopsTheText(bool isStreamed)
    {
        using var source = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var hook = new ScriptedAnswer([]) { OnToken = count => Cancel(count, source) };
        var options = new ChatOptions
        {
            MaxOutputTokens = 1_000_000,
            RawRepresentationFactory = _ => new GenerationOptions { IgnoreEos = true, LogitProcessors = [hook] },
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            if (!isStreamed)
            {
                await _client.GetResponseAsync(Question, options, source.Token);
            }

            await foreach (var update in _client.GetStreamingResponseAsync(Question, options, source.Token))
            {
                Assert.NotNull(update);
            }
        });

        Assert.True(SpinWait.SpinUntil(() => tiny.Model.Engine.Status.Running == 0, TimeSpan.FromSeconds(10)));

        static void Cancel(int count, CancellationTokenSource source)
        {
            if (count == 5)
            {
                source.Cancel();
            }
        }
    }

    [Fact]
    public async Task GetStreamingResponse_LeftEarly_StopsTheText()
    {
        var options = new ChatOptions
        {
            MaxOutputTokens = 1_000_000, RawRepresentationFactory = _ => new GenerationOptions { IgnoreEos = true },
        };

        await foreach (var update in _client.GetStreamingResponseAsync(Question, options, Cancellation))
        {
            Assert.NotEmpty(update.Text);
            break;
        }

        Assert.True(SpinWait.SpinUntil(() => tiny.Model.Engine.Status.Running == 0, TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void GetService_GivesModelMetadataAndItself()
    {
        Assert.Same(tiny.Model, _client.GetService<LanguageModel>());
        Assert.Same(_client, _client.GetService<IChatClient>());
        var metadata = _client.GetService<ChatClientMetadata>()!;
        Assert.Equal("mistral.ilgpu", metadata.ProviderName);
        Assert.Equal("tiny", metadata.DefaultModelId);
        Assert.Null(_client.GetService<string>());
        Assert.Null(_client.GetService(typeof(LanguageModel), serviceKey: "another"));
    }

    [Fact]
    public async Task Dispose_OfTheClient_LeavesTheModelRunning()
    {
        _client.Dispose();
        var response = await tiny.Model.AsChatClient().GetResponseAsync(
            Question, new ChatOptions { MaxOutputTokens = 1 }, Cancellation);
        Assert.Equal(1, response.Usage!.OutputTokenCount);
    }
}

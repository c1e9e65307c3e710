using System.Text.Json;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Generation;
using OpenAI.Chat;
using Xunit;
using ChatFinishReason = OpenAI.Chat.ChatFinishReason;

namespace Mistral.Ilgpu.Server.Tests.Chat;

/// <summary>OpenAI's own client beside the library.</summary>
[Collection(nameof(TinyServerCollection))]
public sealed class ChatCompletionTests(TinyServer tiny)
{
    private const string Path = "/v1/chat/completions";
    private const string Question = "What is 7 + 5?";
    private const string Body = """{"messages":[{"role":"user","content":"What is 7 + 5?"}],"temperature":0,"max_tokens":20""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ChatClient Client => tiny.App.Client().GetChatClient("tiny");

    [Fact]
    public async Task Complete_Whole_IsTheLibrarysAnswer()
    {
        var expected = await AnswerAsync(new GenerationOptions());

        ChatCompletion found = await Client.CompleteChatAsync(
            [new UserChatMessage(Question)], new ChatCompletionOptions { Temperature = 0 }, Cancellation);

        Assert.Equal(expected.Text, found.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, found.FinishReason);
        Assert.Equal(expected.Generation.PromptIds.Count, found.Usage.InputTokenCount);
        Assert.Equal(expected.Generation.Ids.Count, found.Usage.OutputTokenCount);
        Assert.Equal("tiny", found.Model);
    }

    [Fact]
    public async Task Complete_Streamed_IsTheSameInPieces()
    {
        var expected = await AnswerAsync(new GenerationOptions());
        List<StreamingChatCompletionUpdate> updates = [];
        await foreach (var update in Client.CompleteChatStreamingAsync(
            [new UserChatMessage(Question)], new ChatCompletionOptions { Temperature = 0 }, Cancellation))
        {
            updates.Add(update);
        }

        Assert.Equal(expected.Text, string.Concat(updates.SelectMany(update => update.ContentUpdate).Select(part => part.Text)));
        Assert.True(updates.Count(update => update.ContentUpdate.Count > 0) > 5);
        Assert.Equal(ChatFinishReason.Stop, Assert.Single(updates, update => update.FinishReason is not null).FinishReason);
        Assert.Equal(expected.Generation.Ids.Count, updates[^1].Usage.OutputTokenCount);
        Assert.Single(updates.Select(update => update.CompletionId).Distinct());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Complete_Logprobs_AreTheModels(bool streamed)
    {
        var answer = await AnswerAsync(new GenerationOptions { TopLogProbabilities = 3 });
        List<GeneratedToken> expected = [];
        await foreach (var token in answer.Generation)
        {
            expected.Add(token);
        }

        string body = $$"""{{Body}},"logprobs":true,"top_logprobs":3,"stream":{{(streamed ? "true" : "false")}}}""";
        var chunks = streamed ? await tiny.App.EventsAsync(Path, body) : [await tiny.App.AskAsync(Path, body)];
        JsonElement[] found =
        [
            .. from chunk in chunks
               from choice in chunk.GetProperty("choices").EnumerateArray()
               where choice.GetProperty("logprobs").ValueKind == JsonValueKind.Object
               from token in choice.GetProperty("logprobs").GetProperty("content").EnumerateArray()
               select token,
        ];

        Assert.Equal(
            expected.Where(token => token.Id is not null).Select(token => token.LogProbability!.Value),
            found.Select(token => token.GetProperty("logprob").GetDouble()));
        Assert.All(found, token => Assert.Equal(3, token.GetProperty("top_logprobs").GetArrayLength()));
        Assert.Equal(" 7 + 5 = 12.", string.Concat(found.Select(token => token.GetProperty("token").GetString())));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Complete_SeveralAnswers_DrawOnTheirOwn(bool streamed)
    {
        string body = $$"""
            {"messages":[{"role":"user","content":"Tell me a story."}],"temperature":1,"seed":3,"n":3,"max_tokens":12,
            "stream":{{(streamed ? "true" : "false")}} }
            """;
        var first = await TextsAsync(body, streamed);
        var second = await TextsAsync(body, streamed);

        Assert.Equal(3, first.Distinct().Count());
        Assert.Equal(first, second);
    }

    [Theory]
    [InlineData(""","stop":"5" """, "7 + ", "stop")]
    [InlineData(""","stop":["zzz","5"] """, "7 + ", "stop")]
    [InlineData(""","max_completion_tokens":3""", "7 +", "length")]
    [InlineData(""","logit_bias":{"2":-100},"max_tokens":14""", "7 + 5 = 12.", "length")]
    [InlineData(""","top_k":1,"temperature":2""", "7 + 5 = 12.", "stop")]
    [InlineData(""","min_p":1,"temperature":2""", "7 + 5 = 12.", "stop")]
    public async Task Complete_Field_ChangesTheAnswer(string field, string text, string reason)
    {
        var choice = (await tiny.App.AskAsync(Path, $$"""
            {"messages":[{"role":"user","content":"What is 7 + 5?"}],"temperature":0{{field}}}
            """.Replace("\"temperature\":0,", field.Contains("temperature") ? "" : "\"temperature\":0,"))).GetProperty("choices")[0];

        Assert.StartsWith(text, choice.GetProperty("message").GetProperty("content").GetString(), StringComparison.Ordinal);
        Assert.Equal(reason, choice.GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Complete_NextTurn_TakesTheFirstFromTheCache()
    {
        string long_ = string.Concat(Enumerable.Repeat("Tell me a story about a fox. ", 5));
        var first = await tiny.App.AskAsync(Path, Turns(long_, null));
        string answer = first.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;

        var second = await tiny.App.AskAsync(Path, Turns(long_, answer));

        Assert.InRange(CachedOf(second), 16, first.GetProperty("usage").GetProperty("total_tokens").GetInt32());

        static string Turns(string question, string? answer) => JsonSerializer.Serialize(new
        {
            temperature = 0,
            max_tokens = 20,
            messages = answer is null
                ? new[] { new { role = "user", content = question } }
                : [new { role = "user", content = question }, new { role = "assistant", content = answer }, new { role = "user", content = "Why?" }],
        });
    }

    [Fact]
    public async Task Complete_StreamedWithoutOptions_HasNoUsage()
    {
        var events = await tiny.App.EventsAsync(Path, $$"""{{Body}},"stream":true}""");

        Assert.All(events, chunk => Assert.False(chunk.TryGetProperty("usage", out _)));
        Assert.Equal("assistant", events[0].GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
    }

    private static int CachedOf(JsonElement response) =>
        response.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32();

    private async Task<string[]> TextsAsync(string body, bool streamed)
    {
        if (!streamed)
        {
            return [.. (await tiny.App.AskAsync(Path, body)).GetProperty("choices").EnumerateArray()
                .Select(choice => choice.GetProperty("message").GetProperty("content").GetString()!)];
        }

        var deltas =
            from chunk in await tiny.App.EventsAsync(Path, body)
            from choice in chunk.GetProperty("choices").EnumerateArray()
            let text = choice.GetProperty("delta").TryGetProperty("content", out var content) ? content.GetString() : ""
            group text by choice.GetProperty("index").GetInt32();
        return [.. deltas.OrderBy(group => group.Key).Select(group => string.Concat(group))];
    }

    private async Task<ChatAnswer> AnswerAsync(GenerationOptions options)
    {
        var answer = tiny.Model.ChatAsync([new Message("user", Question)], options: options, cancellation: Cancellation);
        await answer.Completion;
        return answer;
    }
}

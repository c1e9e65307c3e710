using System.Text.Json;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Completions;

/// <summary>Continuations of prompts beside the library.</summary>
[Collection(nameof(TinyServerCollection))]
public sealed class CompletionTests(TinyServer tiny)
{
    private const string Path = "/v1/completions";
    private const string Prompt = "Once upon a time";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Ids => $"[{string.Join(',', PromptEncoding.Encode(tiny.Model.Tokenizer, Prompt))}]";

    [Fact]
    public async Task Complete_PromptInEachForm_IsTheLibrarysText()
    {
        var text = tiny.Model.GenerateAsync(Prompt, new GenerationOptions { MaxTokens = 8 }, Cancellation);
        await text.Completion;
        foreach (string prompt in (string[])[$"\"{Prompt}\"", $"[\"{Prompt}\",\"{Prompt}\"]", Ids, $"[{Ids},{Ids}]"])
        {
            var response = await tiny.App.AskAsync(Path, $$"""{"prompt":{{prompt}},"max_tokens":8,"temperature":0}""");

            var choices = response.GetProperty("choices").EnumerateArray().ToList();
            Assert.All(choices, choice => Assert.Equal(text.Text, choice.GetProperty("text").GetString()));
            Assert.Equal(Enumerable.Range(0, choices.Count), choices.Select(choice => choice.GetProperty("index").GetInt32()));
            Assert.Equal(
                text.PromptIds.Count * choices.Count, response.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        }
    }

    /// <summary>What lm-evaluation-harness asks of a server.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public async Task Complete_EchoWithLogprobs_ScoresThePrompt(int maxTokens, bool streamed)
    {
        var score = await tiny.Model.ScoreAsync(Prompt, topLogProbabilities: 1, Cancellation);
        string body = $$"""
            {"prompt":{{Ids}},"max_tokens":{{maxTokens}},"temperature":0,"logprobs":1,"echo":true,"stream":{{(streamed ? "true" : "false")}} }
            """;

        var choices = (streamed ? await tiny.App.EventsAsync(Path, body) : [await tiny.App.AskAsync(Path, body)])
            .Select(response => response.GetProperty("choices")[0]).ToList();

        var logprobs = choices.Select(choice => choice.GetProperty("logprobs"))
            .Where(found => found.ValueKind == JsonValueKind.Object).ToList();
        var values = logprobs.SelectMany(found => found.GetProperty("token_logprobs").EnumerateArray()).ToList();
        Assert.Equal(score.Ids.Count + maxTokens, values.Count);
        Assert.Equal(JsonValueKind.Null, values[0].ValueKind);
        Assert.Equal(score.LogProbabilities, values.Skip(1).Take(score.Ids.Count - 1).Select(value => value.GetDouble()));

        string[] tokens = [.. logprobs.SelectMany(found => found.GetProperty("tokens").EnumerateArray()).Select(token => token.GetString()!)];
        var top = logprobs.SelectMany(found => found.GetProperty("top_logprobs").EnumerateArray()).ToList();
        for (int i = 1; i < score.Ids.Count; i++)
        {
            var likeliest = top[i].EnumerateObject().MaxBy(token => token.Value.GetDouble());
            Assert.Equal(score.TopLogProbabilities[i - 1][0].Id == score.Ids[i], likeliest.Name == tokens[i]);
        }

        string text = string.Concat(choices.Select(choice => choice.GetProperty("text").GetString()));
        Assert.StartsWith(Prompt, text, StringComparison.Ordinal);
        int[] offsets = [.. logprobs.SelectMany(found => found.GetProperty("text_offset").EnumerateArray()).Select(offset => offset.GetInt32())];
        Assert.Equal(0, offsets[0]);
        Assert.All(offsets.Zip(offsets.Skip(1)), pair => Assert.True(pair.First <= pair.Second));
        Assert.Equal("length", choices[^1].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task Complete_Streamed_IsTheWholeInParts()
    {
        string body = $$"""{"prompt":["{{Prompt}}","The king"],"max_tokens":10,"temperature":0,"n":2""";
        var whole = await tiny.App.AskAsync(Path, body + "}");

        var events = await tiny.App.EventsAsync(Path, body + ""","stream":true,"stream_options":{"include_usage":true}}""");

        var parts =
            from chunk in events
            from choice in chunk.GetProperty("choices").EnumerateArray()
            group choice.GetProperty("text").GetString() by choice.GetProperty("index").GetInt32() into texts
            orderby texts.Key
            select string.Concat(texts);
        Assert.Equal(
            whole.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()), parts);
        Assert.Equal(
            whole.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(),
            events[^1].GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(40, events[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Complete_SuffixWithoutSuchTokens_IsRefused()
    {
        var (status, error) = await tiny.App.FailAsync(Path, """{"prompt":"a","suffix":"b"}""");

        Assert.Equal((400, "suffix"), (status, error.GetProperty("param").GetString()));
    }
}

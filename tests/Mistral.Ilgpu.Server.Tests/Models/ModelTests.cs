using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Models;

/// <summary>What a server says of itself, and its tokens.</summary>
[Collection(nameof(TinyServerCollection))]
public sealed class ModelTests(TinyServer tiny)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Models_OfTheServer_AreTheModel()
    {
        var client = tiny.App.Client().GetOpenAIModelClient();

        Assert.Equal("tiny", Assert.Single((await client.GetModelsAsync(Cancellation)).Value).Id);
        Assert.Equal("tiny", (await client.GetModelAsync("tiny", Cancellation)).Value.Id);
    }

    [Theory]
    [InlineData("/health", "status", "ok")]
    [InlineData("/ready", "status", "ok")]
    [InlineData("/version", "version", "0.1.0")]
    public async Task Get_State_IsTold(string path, string field, string expected)
    {
        var found = await tiny.App.Http.GetFromJsonAsync<JsonElement>(path, Cancellation);

        Assert.Equal(expected, found.GetProperty(field).GetString());
    }

    [Fact]
    public async Task Tokenize_Text_AndBack()
    {
        const string Text = "Once upon a time, é";
        var tokens = await tiny.App.AskAsync("/tokenize", $$"""{"prompt":"{{Text}}","return_token_strs":true}""");

        int[] ids = [.. tokens.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32())];
        Assert.Equal(PromptEncoding.Encode(tiny.Model.Tokenizer, Text), ids);
        Assert.Equal(ids.Length, tokens.GetProperty("count").GetInt32());
        Assert.Equal("<s>", tokens.GetProperty("token_strs")[0].GetString());
        var text = await tiny.App.AskAsync("/detokenize", $$"""{"tokens":[{{string.Join(',', ids)}}]}""");
        Assert.Equal(Text, text.GetProperty("prompt").GetString());
    }

    [Fact]
    public async Task Tokenize_Conversation_IsWhatAChatComputes()
    {
        const string Messages = """ "messages":[{"role":"user","content":"What is 7 + 5?"}] """;
        var tokens = await tiny.App.AskAsync("/tokenize", $$"""{{{Messages}}}""");
        var answer = await tiny.App.AskAsync("/v1/chat/completions", $$"""{{{Messages}},"max_tokens":1}""");

        Assert.Equal(
            tokens.GetProperty("count").GetInt32(), answer.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Get_UnknownPath_IsAnErrorOfTheApi()
    {
        using var response = await tiny.App.Http.GetAsync("/v1/images", Cancellation);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("\"error\"", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }
}

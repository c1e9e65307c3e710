using Mistral.Ilgpu.Server.Messages;
using Mistral.Ilgpu.Tests.Chat;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Messages;

/// <summary>How much a model of Anthropic's API thinks, where its format has that.</summary>
public sealed class ThinkingTests(ToolServer server) : IClassFixture<ToolServer>
{
    private const string Path = "/v1/messages";

    /// <summary>A budget ends the thinking, and the answer goes on; without thinking there is none, whatever the model
    /// would have written.</summary>
    [Theory]
    [InlineData(1023, ""","thinking":{"type":"enabled","budget_tokens":1024}""", 1023, "ab")]
    [InlineData(1024, ""","thinking":{"type":"enabled","budget_tokens":1024}""", 1024, "ab")]
    [InlineData(1026, ""","thinking":{"type":"enabled","budget_tokens":1024}""", 1024, "xab")]
    [InlineData(1026, ""","thinking":{"type":"adaptive"}""", 1026, "ab")]
    [InlineData(1026, "", 1026, "ab")]
    public async Task Create_ThinkingBudget_IsKept(int written, string field, int expected, string text)
    {
        await using var app = await server.AnsweringAsync($"[THINK]{new string('x', written)}[/THINK]ab");

        var message = await app.AskAsync(
            Path, $$"""{"max_tokens":2000,"messages":[{"role":"user","content":"x"}]{{field}}}""");

        var blocks = message.GetProperty("content");
        Assert.Equal(expected, blocks[0].GetProperty("thinking").GetString()!.Length);
        Assert.Equal(text, blocks[1].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Create_ThinkingDisabled_HasNone()
    {
        await using var app = await server.AnsweringAsync("[THINK]a[/THINK]b");

        var message = await app.AskAsync(
            Path, """{"max_tokens":20,"messages":[{"role":"user","content":"x"}],"thinking":{"type":"disabled"}}""");

        Assert.DoesNotContain(
            message.GetProperty("content").EnumerateArray(), block => block.GetProperty("type").GetString() == "thinking");
    }

    /// <summary>Formats with reasoning efforts are told the one that is meant.</summary>
    [Theory]
    [InlineData("enabled", "high")]
    [InlineData("disabled", "none")]
    [InlineData("adaptive", null)]
    public void Effort_OfAType_IsTheFormatsOwn(string type, string? expected)
    {
        var fields = new MessagesRequest { Thinking = new MessagesRequest.ThinkingSettings(type) };
        var file = ChatTokenizers.TekkenJson("v15");
        file[ReasoningEfforts.Field] = ReasoningEfforts.Write(ReasoningEfforts.OfTemplates);

        Assert.Equal(expected, MessagesThinking.EffortOf(fields, ChatTokenizers.Load(file)));
        Assert.Null(MessagesThinking.EffortOf(fields, ChatTokenizers.OfTekken("v13")));
    }
}

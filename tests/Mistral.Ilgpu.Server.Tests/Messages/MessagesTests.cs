using System.Text.Json;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Messages;

/// <summary>Anthropic's API: whole and in events, with tools and thinking.</summary>
public sealed class MessagesTests(ToolServer server) : IClassFixture<ToolServer>
{
    private const string Path = "/v1/messages";
    private const string Body = """
        {"max_tokens":100,"messages":[{"role":"user","content":"x"}],"system":[{"type":"text","text":"Be brief."}],
        "tools":[{"name":"weather","input_schema":{"type":"object"}}]
        """;

    private const string Budget = "thinking.budget_tokens";
    private const string Answer = "[THINK]hm[/THINK]Wait.[TOOL_CALLS]weather[ARGS]{\"city\": \"Paris\"}";

    [Fact]
    public async Task Create_Whole_HasBlocksInOrder()
    {
        await using var app = await server.AnsweringAsync(Answer);

        var message = await app.AskAsync(Path, Body + "}");

        Assert.Equal("tool_use", message.GetProperty("stop_reason").GetString());
        var blocks = message.GetProperty("content");
        Assert.Equal(
            ["thinking", "text", "tool_use"], blocks.EnumerateArray().Select(block => block.GetProperty("type").GetString()));
        Assert.Equal("hm", blocks[0].GetProperty("thinking").GetString());
        Assert.Equal("Wait.", blocks[1].GetProperty("text").GetString());
        Assert.Equal("Paris", blocks[2].GetProperty("input").GetProperty("city").GetString());
        var usage = message.GetProperty("usage");
        var counted = await app.AskAsync(Path + "/count_tokens", Body + "}");
        Assert.Equal(
            counted.GetProperty("input_tokens").GetInt32(),
            usage.GetProperty("input_tokens").GetInt32() + usage.GetProperty("cache_read_input_tokens").GetInt32());
    }

    [Fact]
    public async Task Create_Streamed_HasEventsOfEachBlock()
    {
        await using var app = await server.AnsweringAsync(Answer);

        var events = await app.EventsAsync(Path, Body + ""","stream":true}""");

        string[] types = [.. events.Select(each => each.GetProperty("type").GetString()!)];
        Assert.Equal("message_start", types[0]);
        Assert.Equal(["content_block_stop", "message_delta", "message_stop"], types[^3..]);
        Assert.Equal(3, types.Count(type => type == "content_block_start"));
        Assert.Equal("hm", Deltas(events, "thinking_delta", "thinking"));
        Assert.Equal("Wait.", Deltas(events, "text_delta", "text"));
        Assert.Equal("{\"city\": \"Paris\"}", Deltas(events, "input_json_delta", "partial_json"));
        Assert.Equal("tool_use", events[^2].GetProperty("delta").GetProperty("stop_reason").GetString());
        Assert.True(events[^2].GetProperty("usage").GetProperty("output_tokens").GetInt32() > 10);
    }

    [Theory]
    [InlineData("Yes. No.", ""","stop_sequences":[" No"]""", "stop_sequence", "Yes.")]
    [InlineData("Yes. No.", "", "end_turn", "Yes. No.")]
    [InlineData("Yes. No.", ""","max_tokens":2""", "max_tokens", "Ye")]
    public async Task Create_End_IsNamed(string answer, string field, string reason, string text)
    {
        await using var app = await server.AnsweringAsync(answer);
        string max = field.Contains("max_tokens", StringComparison.Ordinal) ? "" : ""","max_tokens":50""";

        var message = await app.AskAsync(Path, $$"""{"messages":[{"role":"user","content":"x"}]{{max}}{{field}}}""");

        Assert.Equal(reason, message.GetProperty("stop_reason").GetString());
        Assert.Equal(text, message.GetProperty("content")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Create_ToolResults_AreTheConversation()
    {
        await using var app = await server.AnsweringAsync("Sunny.");

        var message = await app.AskAsync(Path, """
            {"max_tokens":50,"tools":[{"name":"weather","input_schema":{"type":"object"}}],"messages":[
              {"role":"user","content":[{"type":"text","text":"Weather?","cache_control":{"type":"ephemeral"}}]},
              {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"Wait."},
                {"type":"tool_use","id":"abcdefghi","name":"weather","input":{"city":"Paris"}}]},
              {"role":"user","content":[{"type":"tool_result","tool_use_id":"abcdefghi","content":[{"type":"text","text":"sunny"}]}]}]}
            """);

        Assert.Equal("Sunny.", message.GetProperty("content")[0].GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("any", ""","disable_parallel_tool_use":true """)]
    [InlineData("tool", ""","name":"weather" """)]
    public async Task Create_ToolThatIsDemanded_IsUsed(string type, string name)
    {
        await using var app = await server.WithoutReasoningAsync();

        var message = await app.AskAsync(Path, $$"""
            {"max_tokens":100,"messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"{{type}}"{{name}} },"tools":[
            {"name":"weather","input_schema":{"type":"object","properties":{"city":{"enum":["Paris"]} },"required":["city"],"additionalProperties":false} }] }
            """);

        Assert.Equal("Paris", message.GetProperty("content")[0].GetProperty("input").GetProperty("city").GetString());
        Assert.Equal("tool_use", message.GetProperty("stop_reason").GetString());
    }

    [Theory]
    [InlineData("{}", "max_tokens")]
    [InlineData("""{"max_tokens":9}""", "messages")]
    [InlineData("""{"max_tokens":9,"messages":[{"role":"system","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"max_tokens":9,"messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"max_tokens":9,"messages":[{"role":"user","content":[{"type":"image"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"max_tokens":9,"messages":[{"role":"user","content":"x"}],"temperature":2}""", "temperature")]
    [InlineData("""{"max_tokens":9,"messages":[{"role":"user","content":"x"}],"tools":[{"type":"bash_20250124","name":"bash"}]}""", "tools[0].type")]
    [InlineData("""{"max_tokens":9,"messages":[{"role":"user","content":"x"}],"tools":[{"name":"f"}]}""", "tools[0].input_schema")]
    [InlineData("""{"max_tokens":9,"messages":[{"role":"user","content":"x"}],"tool_choice":{"type":"maybe"}}""", "tool_choice.type")]
    [InlineData("""{"max_tokens":9,"messages":[{"role":"user","content":"x"}],"stop_sequences":[1]}""", "stop_sequences[0]")]
    [InlineData("""{"max_tokens":9,"messages":[{"role":"user","content":"x"}],"thinking":{}}""", "thinking.type")]
    [InlineData("""{"max_tokens":9,"messages":[{"role":"user","content":"x"}],"thinking":{"type":"much"}}""", "thinking.type")]
    [InlineData("""{"max_tokens":9999,"messages":[{"role":"user","content":"x"}],"thinking":{"type":"enabled"}}""", Budget)]
    [InlineData("""{"max_tokens":9999,"messages":[{"role":"user","content":"x"}],"thinking":{"type":"enabled","budget_tokens":1023}}""", Budget)]
    [InlineData("""{"max_tokens":9999,"messages":[{"role":"user","content":"x"}],"thinking":{"type":"enabled","budget_tokens":1024.5}}""", Budget)]
    [InlineData("""{"max_tokens":1024,"messages":[{"role":"user","content":"x"}],"thinking":{"type":"enabled","budget_tokens":1024}}""", Budget)]
    [InlineData("""{"max_tokens":9999,"messages":[{"role":"user","content":"x"}],"thinking":{"type":"adaptive","budget_tokens":1024}}""", Budget)]
    public async Task Create_WrongField_IsNamedInAnthropicsShape(string body, string expected)
    {
        await using var app = await ServedApp.StartAsync(server.Model);

        using var response = await app.PostAsync(Path, body);

        Assert.Equal(400, (int)response.StatusCode);
        var error = JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("error", error.GetProperty("type").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("error").GetProperty("type").GetString());
        Assert.StartsWith($"{expected}:", error.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private static string Deltas(IEnumerable<JsonElement> events, string type, string field) => string.Concat(
        from each in events
        where each.GetProperty("type").GetString() == "content_block_delta"
        let delta = each.GetProperty("delta")
        where delta.GetProperty("type").GetString() == type
        select delta.GetProperty(field).GetString());
}

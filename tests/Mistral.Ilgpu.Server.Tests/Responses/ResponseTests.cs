using System.Text.Json;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Responses;

/// <summary>OpenAI's newer API: whole and in events, with calls and reasoning.</summary>
public sealed class ResponseTests(ToolServer server) : IClassFixture<ToolServer>
{
    private const string Path = "/v1/responses";
    private const string Body =
        """{"input":"x","tools":[{"type":"function","name":"weather","parameters":{"type":"object"}}],"max_output_tokens":100""";

    private const string Answer = "[THINK]hm[/THINK]Wait.[TOOL_CALLS]weather[ARGS]{\"city\": \"Paris\"}";

    [Fact]
    public async Task Create_Whole_HasItemsInOrder()
    {
        await using var app = await server.AnsweringAsync(Answer);

        var response = await app.AskAsync(Path, Body + "}");

        Assert.Equal("completed", response.GetProperty("status").GetString());
        AssertItems(response.GetProperty("output"));
        var usage = response.GetProperty("usage");
        Assert.Equal(2, usage.GetProperty("output_tokens_details").GetProperty("reasoning_tokens").GetInt32());
        Assert.Equal(
            usage.GetProperty("total_tokens").GetInt32(),
            usage.GetProperty("input_tokens").GetInt32() + usage.GetProperty("output_tokens").GetInt32());
    }

    [Fact]
    public async Task Create_Streamed_HasEventsOfEachItem()
    {
        await using var app = await server.AnsweringAsync(Answer);

        var events = await app.EventsAsync(Path, Body + ""","stream":true}""");

        Assert.Equal(Enumerable.Range(0, events.Count), events.Select(each => each.GetProperty("sequence_number").GetInt32()));
        string[] types = [.. events.Select(each => each.GetProperty("type").GetString()!)];
        Assert.Equal(["response.created", "response.in_progress", "response.output_item.added"], types[..3]);
        Assert.Equal("response.completed", types[^1]);
        Assert.Equal(3, types.Count(type => type == "response.output_item.added"));
        Assert.Equal(3, types.Count(type => type == "response.output_item.done"));
        Assert.Equal("hm", Deltas(events, "response.reasoning_text.delta"));
        Assert.Equal("Wait.", Deltas(events, "response.output_text.delta"));
        Assert.Equal("{\"city\": \"Paris\"}", Deltas(events, "response.function_call_arguments.delta"));
        AssertItems(events[^1].GetProperty("response").GetProperty("output"));
    }

    [Fact]
    public async Task Create_ItemsOfAnEarlierResponse_AreTheConversation()
    {
        await using var app = await server.AnsweringAsync("Sunny.");

        var response = await app.AskAsync(Path, """
            {"instructions":"Be brief.","max_output_tokens":50,"input":[
              {"role":"user","content":[{"type":"input_text","text":"Weather?"}]},
              {"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"hm"}]},
              {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Wait.","annotations":[]}]},
              {"type":"function_call","id":"fc_1","call_id":"abcdefghi","name":"weather","arguments":"{}"},
              {"type":"function_call_output","call_id":"abcdefghi","output":"sunny"}]}
            """);

        Assert.Equal("Sunny.", response.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
    }

    /// <summary>Those of the message's text: of neither reasoning, nor calls, nor control tokens.</summary>
    [Theory]
    [InlineData(Answer)]
    [InlineData("Wait.")]
    public async Task Create_Logprobs_AreThoseOfTheText(string answer)
    {
        const string Fields = ""","include":["message.output_text.logprobs"],"top_logprobs":2""";
        await using var app = await server.AnsweringAsync(answer);

        var response = await app.AskAsync(Path, Body + Fields + "}");
        var events = await app.EventsAsync(Path, Body + Fields + ""","stream":true}""");

        var text = response.GetProperty("output").EnumerateArray()
            .Single(item => item.GetProperty("type").GetString() == "message").GetProperty("content")[0];
        var logprobs = text.GetProperty("logprobs").EnumerateArray().ToList();
        Assert.Equal("Wait.", TextOf(text.GetProperty("logprobs")));
        Assert.All(logprobs, token =>
        {
            Assert.InRange(token.GetProperty("logprob").GetDouble(), -9999, 0);
            Assert.NotEqual(0, token.GetProperty("bytes").GetArrayLength());
            Assert.Equal(2, token.GetProperty("top_logprobs").GetArrayLength());
        });
        Assert.Equal(2, response.GetProperty("top_logprobs").GetInt32());
        var deltas = events.Where(each => each.GetProperty("type").GetString() == "response.output_text.delta").ToList();
        Assert.All(deltas, each => Assert.Equal(each.GetProperty("delta").GetString(), TextOf(each.GetProperty("logprobs"))));
        Assert.Equal(logprobs.Count, deltas.Sum(each => each.GetProperty("logprobs").GetArrayLength()));
        var done = events.Single(each => each.GetProperty("type").GetString() == "response.output_text.done");
        Assert.Equal(logprobs.Count, done.GetProperty("logprobs").GetArrayLength());
    }

    [Fact]
    public async Task Create_WithoutInclude_HasNoLogprobs()
    {
        await using var app = await server.AnsweringAsync("Wait.");

        var response = await app.AskAsync(Path, Body + ""","include":["reasoning.encrypted_content"]}""");

        Assert.Equal(
            0, response.GetProperty("output")[0].GetProperty("content")[0].GetProperty("logprobs").GetArrayLength());
    }

    [Fact]
    public async Task Create_LongerThanAllowed_IsIncomplete()
    {
        await using var app = await server.AnsweringAsync("A long answer.");

        var response = await app.AskAsync(Path, """{"input":"x","max_output_tokens":3}""");

        Assert.Equal("incomplete", response.GetProperty("status").GetString());
        Assert.Equal("max_output_tokens", response.GetProperty("incomplete_details").GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Create_Format_IsKept()
    {
        await using var app = await ServedApp.StartAsync(server.Model);

        var response = await app.AskAsync(Path, """
            {"input":"x","text":{"format":{"type":"json_schema","name":"n","schema":{"enum":["a","b"]}}}}
            """);

        Assert.Matches(
            "^\\s*\"[ab]\"\\s*$", response.GetProperty("output")[0].GetProperty("content")[0].GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("{}", "input")]
    [InlineData("""{"input":7}""", "input")]
    [InlineData("""{"input":[]}""", "input")]
    [InlineData("""{"input":[7]}""", "input[0]")]
    [InlineData("""{"input":[{"role":"nobody","content":"x"}]}""", "input[0].role")]
    [InlineData("""{"input":[{"role":"user"}]}""", "input[0].content")]
    [InlineData("""{"input":[{"role":"user","content":[{"type":"input_image"}]}]}""", "input[0].content[0].type")]
    [InlineData("""{"input":[{"type":"web_search_call"}]}""", "input[0].type")]
    [InlineData("""{"input":[{"type":"function_call","name":"f","arguments":"{}"}]}""", "input[0].call_id")]
    [InlineData("""{"input":"x","tools":[{"type":"web_search"}]}""", "tools[0].type")]
    [InlineData("""{"input":"x","tools":{}}""", "tools")]
    [InlineData("""{"input":"x","tool_choice":7}""", "tool_choice")]
    [InlineData("""{"input":"x","previous_response_id":"resp_1"}""", "previous_response_id")]
    [InlineData("""{"input":"x","conversation":"conv_1"}""", "conversation")]
    [InlineData("""{"input":"x","background":true}""", "background")]
    [InlineData("""{"input":"x","truncation":"auto"}""", "truncation")]
    [InlineData("""{"input":"x","temperature":3}""", "temperature")]
    [InlineData("""{"input":"x","top_logprobs":2}""", "top_logprobs")]
    [InlineData("""{"input":"x","top_logprobs":21,"include":["message.output_text.logprobs"]}""", "top_logprobs")]
    [InlineData("""{"input":"x","include":[7]}""", "include[0]")]
    [InlineData("""{"input":"x","max_output_tokens":0}""", "max_output_tokens")]
    [InlineData("""{"input":"x","text":{"format":{"type":"yaml"}}}""", "text.format.type")]
    public async Task Create_WrongField_IsNamed(string body, string expected)
    {
        await using var app = await ServedApp.StartAsync(server.Model);

        var (status, error) = await app.FailAsync(Path, body);

        Assert.Equal((400, expected), (status, error.GetProperty("param").GetString()));
    }

    private static void AssertItems(JsonElement items)
    {
        Assert.Equal(
            ["reasoning", "message", "function_call"], items.EnumerateArray().Select(item => item.GetProperty("type").GetString()));
        Assert.Equal("hm", items[0].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal("Wait.", items[1].GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal("weather", items[2].GetProperty("name").GetString());
        Assert.Equal("{\"city\": \"Paris\"}", items[2].GetProperty("arguments").GetString());
        Assert.Equal(9, items[2].GetProperty("call_id").GetString()!.Length);
    }

    private static string TextOf(JsonElement logprobs) =>
        string.Concat(logprobs.EnumerateArray().Select(token => token.GetProperty("token").GetString()));

    private static string Deltas(IEnumerable<JsonElement> events, string type) => string.Concat(
        events.Where(each => each.GetProperty("type").GetString() == type).Select(each => each.GetProperty("delta").GetString()));
}

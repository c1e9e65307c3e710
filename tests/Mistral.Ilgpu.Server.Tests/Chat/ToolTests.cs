using System.Text.Json;
using System.Net.Http.Json;
using OpenAI.Chat;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Chat;

/// <summary>Calls and reasoning through OpenAI's client.</summary>
public sealed class ToolTests(ToolServer server) : IClassFixture<ToolServer>
{
    private const string Path = "/v1/chat/completions";
    private const string Calls =
        "[THINK]hm[/THINK]Wait.[TOOL_CALLS]weather[ARGS]{\"city\": \"Paris\"}[TOOL_CALLS]add[ARGS]{\"a\": [1, 2]}";

    private static readonly ChatTool Weather = Tool(
        "weather", """{"type":"object","properties":{"city":{"enum":["Paris","Rome"]}},"required":["city"],"additionalProperties":false}""");
    private static readonly ChatTool Add = Tool(
        "add", """{"type":"object","properties":{"n":{"enum":[1,2]}},"required":["n"],"additionalProperties":false}""");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Complete_Calls_AreTheModels()
    {
        await using var app = await server.AnsweringAsync(Calls);

        ChatCompletion answer = await ClientOf(app).CompleteChatAsync([new UserChatMessage("x")], OptionsOf(), Cancellation);

        Assert.Equal(ChatFinishReason.ToolCalls, answer.FinishReason);
        Assert.Equal(
            [("weather", "{\"city\": \"Paris\"}"), ("add", "{\"a\": [1, 2]}")],
            answer.ToolCalls.Select(call => (call.FunctionName, call.FunctionArguments.ToString())));
        Assert.All(answer.ToolCalls, call => Assert.Equal(9, call.Id.Length));
        Assert.Equal("Wait.", answer.Content[0].Text);
        // What the client sends back is a conversation of the model's format.
        await ClientOf(app).CompleteChatAsync(
            [
                new UserChatMessage("x"), new AssistantChatMessage(answer), new ToolChatMessage(answer.ToolCalls[0].Id, "sunny"),
                new ToolChatMessage(answer.ToolCalls[1].Id, "3"),
            ],
            OptionsOf(), Cancellation);
    }

    [Fact]
    public async Task Complete_CallsStreamed_ComeNameFirst()
    {
        await using var app = await server.AnsweringAsync(Calls);
        List<StreamingChatToolCallUpdate> updates = [];
        ChatFinishReason? reason = null;
        await foreach (var update in ClientOf(app).CompleteChatStreamingAsync([new UserChatMessage("x")], OptionsOf(), Cancellation))
        {
            updates.AddRange(update.ToolCallUpdates);
            reason ??= update.FinishReason;
        }

        Assert.Equal(ChatFinishReason.ToolCalls, reason);
        Assert.Equal([0, 1], updates.Select(update => update.Index).Distinct());
        var first = updates.Where(update => update.Index == 0).ToList();
        Assert.Equal("weather", first[0].FunctionName);
        Assert.Equal(9, first[0].ToolCallId.Length);
        Assert.True(first.Count > 3, $"{first.Count} parts");
        Assert.Equal("{\"city\": \"Paris\"}", string.Concat(first.Select(update => update.FunctionArgumentsUpdate)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Complete_Reasoning_IsAFieldOfItsOwn(bool streamed)
    {
        await using var app = await server.AnsweringAsync("[THINK]hm[/THINK]Yes.");
        const string Body = """{"messages":[{"role":"user","content":"x"}]""";

        if (streamed)
        {
            var deltas = (await app.EventsAsync(Path, Body + ""","stream":true}"""))
                .Select(chunk => chunk.GetProperty("choices")[0].GetProperty("delta")).ToList();
            Assert.Equal("hm", Joined(deltas, "reasoning_content"));
            Assert.Equal("Yes.", Joined(deltas, "content"));
            return;
        }

        var answer = await app.AskAsync(Path, Body + "}");
        var message = answer.GetProperty("choices")[0].GetProperty("message");
        Assert.Equal("hm", message.GetProperty("reasoning_content").GetString());
        Assert.Equal("Yes.", message.GetProperty("content").GetString());
        Assert.Equal(2, answer.GetProperty("usage").GetProperty("completion_tokens_details").GetProperty("reasoning_tokens").GetInt32());
    }

    [Fact]
    public async Task Complete_NoCall_IsTextThatStops()
    {
        await using var app = await server.AnsweringAsync("[TOOL_CALLS]weather[ARGS]{city}");

        ChatCompletion answer = await ClientOf(app).CompleteChatAsync([new UserChatMessage("x")], OptionsOf(), Cancellation);

        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal("[TOOL_CALLS]weather[ARGS]{city}", answer.Content[0].Text);
        Assert.Empty(answer.ToolCalls);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Complete_WithoutParallelCalls_EndsAfterTheFirst(bool streamed)
    {
        await using var app = await server.AnsweringAsync(Calls);
        string body = $$"""
            {"messages":[{"role":"user","content":"x"}],"parallel_tool_calls":false,"stream":{{(streamed ? "true" : "false")}},
            "tools":[{"type":"function","function":{"name":"weather"} } ]}
            """;

        var choices = (streamed ? await app.EventsAsync(Path, body) : [await app.AskAsync(Path, body)])
            .Select(chunk => chunk.GetProperty("choices")[0]).ToList();

        Assert.Equal("tool_calls", choices[^1].GetProperty("finish_reason").GetString());
        Assert.Contains("weather", string.Concat(choices), StringComparison.Ordinal);
        Assert.DoesNotContain("\"add\"", string.Concat(choices), StringComparison.Ordinal);
    }

    /// <summary>Random weights call nothing by themselves.</summary>
    [Theory]
    [InlineData("required")]
    [InlineData("weather")]
    [InlineData("add")]
    public async Task Complete_CallThatIsDemanded_IsMade(string choice)
    {
        await using var app = await server.WithoutReasoningAsync();
        var options = OptionsOf();
        options.ToolChoice = choice == "required" ? ChatToolChoice.CreateRequiredChoice() : ChatToolChoice.CreateFunctionChoice(choice);
        (options.MaxOutputTokenCount, options.AllowParallelToolCalls) = (200, false);

        ChatCompletion answer = await ClientOf(app).CompleteChatAsync([new UserChatMessage("x")], options, Cancellation);

        Assert.Equal(ChatFinishReason.ToolCalls, answer.FinishReason);
        var call = Assert.Single(answer.ToolCalls);
        Assert.Contains(call.FunctionName, choice == "required" ? ["weather", "add"] : (string[])[choice]);
        var arguments = JsonElement.Parse(call.FunctionArguments);
        Assert.Single(arguments.EnumerateObject());
        Assert.True(arguments.TryGetProperty(call.FunctionName == "weather" ? "city" : "n", out _));
    }

    [Theory]
    [InlineData("""{"type":"function","function":{"name":"other"}}""")]
    [InlineData("\"sometimes\"")]
    public async Task Complete_UnknownChoice_IsRefused(string choice)
    {
        await using var app = await ServedApp.StartAsync(server.Model);

        var (status, error) = await app.FailAsync(Path, $$"""
            {"messages":[{"role":"user","content":"x"}],"tool_choice":{{choice}},"tools":[{"type":"function","function":{"name":"f"} } ]}
            """);

        Assert.Equal((400, "tool_choice"), (status, error.GetProperty("param").GetString()));
    }

    private static string Joined(IEnumerable<JsonElement> deltas, string name) => string.Concat(
        deltas.Select(delta => delta.TryGetProperty(name, out var text) ? text.GetString() : ""));

    private static ChatClient ClientOf(ServedApp app) => app.Client().GetChatClient(
        app.Http.GetFromJsonAsync<JsonElement>("/v1/models", Cancellation).Result.GetProperty("data")[0].GetProperty("id").GetString());

    private static ChatCompletionOptions OptionsOf() => new() { Temperature = 0, Tools = { Weather, Add } };

    private static ChatTool Tool(string name, string schema) =>
        ChatTool.CreateFunctionTool(name, $"does {name}", BinaryData.FromString(schema));
}

using System.ComponentModel;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Extensions.AI;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Tests.Chat;
using Xunit;

namespace Mistral.Ilgpu.Tests.ExtensionsAI;

/// <summary>Calls of functions and reasoning, through the pipeline of Microsoft.Extensions.AI.</summary>
public sealed class FunctionInvocationTests(ToolModel tools) : IClassFixture<ToolModel>
{
    private const string Call = "[TOOL_CALLS]weather[ARGS]{\"city\": \"Zürich\", \"days\": 2}";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pipeline_Call_IsInvokedAndItsResultReachesTheModel()
    {
        List<(string City, int Days)> calls = [];
        var options = tools.Answering(Call, "It is sunny.");
        options.Tools = [AIFunctionFactory.Create(Weather, "weather")];
        using var client = new ChatClientBuilder(tools.Model.AsChatClient()).UseFunctionInvocation().Build();

        var response = await client.GetResponseAsync("How is the weather?", options, Cancellation);

        Assert.Equal([("Zürich", 2)], calls);
        Assert.Equal("It is sunny.", response.Text);
        Assert.Equal([ChatRole.Assistant, ChatRole.Tool, ChatRole.Assistant], response.Messages.Select(message => message.Role));
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        // The second prompt has the tool, the call with its id, and the result.
        Assert.EndsWith(
            "[INST]How is the weather?[/INST]" + Call + "</s>[TOOL_RESULTS]sunny in Zürich[/TOOL_RESULTS]",
            Prompt(response), StringComparison.Ordinal);
        Assert.Contains(
            "\"name\": \"weather\", \"description\": \"Tells the weather.\", \"parameters\": {", Prompt(response),
            StringComparison.Ordinal);
        Assert.Contains("\"city\": {\"type\": \"string\"}", Prompt(response), StringComparison.Ordinal);

        [Description("Tells the weather.")]
        string Weather(string city, int days)
        {
            calls.Add((city, days));
            return $"sunny in {city}";
        }
    }

    [Fact]
    public async Task ToolMode_RequireAny_HasTheModelCallWithArgumentsOfTheSchema()
    {
        // A model of random weights would not, and would come to no end of reasoning or of other names.
        var neverReasons = new Dictionary<int, float> { [tools.Model.Tokenizer.FindControl("[THINK]")] = float.NegativeInfinity };
        var function = AIFunctionFactory.Create((bool isSunny) => isSunny, new AIFunctionFactoryOptions
        {
            Name = "weather",
            JsonSchemaCreateOptions = new() { TransformOptions = new() { DisallowAdditionalProperties = true } },
        });
        var options = new ChatOptions
        {
            Tools = [function], ToolMode = ChatToolMode.RequireAny,
            AllowMultipleToolCalls = false,
            RawRepresentationFactory = _ => new GenerationOptions { Sampling = new SamplingOptions { LogitBias = neverReasons } },
        };
        var response = await tools.Model.AsChatClient().GetResponseAsync("How is the weather?", options, Cancellation);
        var call = Assert.Single(response.Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>());
        Assert.Equal("weather", call.Name);
        Assert.Contains($"{call.Arguments!["isSunny"]}", new[] { "True", "False" });
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
    }

    [Fact]
    public async Task Pipeline_Streamed_InvokesTheSame()
    {
        int calls = 0;
        var options = tools.Answering(Call + Call, "Done.");
        options.Tools = [AIFunctionFactory.Create(() => ++calls, "weather")];
        using var client = new ChatClientBuilder(tools.Model.AsChatClient()).UseFunctionInvocation().Build();

        var response = await client.GetStreamingResponseAsync("Go", options, Cancellation).ToChatResponseAsync(Cancellation);

        Assert.Equal(2, calls);
        Assert.Equal("Done.", response.Text);
        var results = response.Messages[1].Contents.Cast<FunctionResultContent>();
        Assert.Equal([1, 2], results.Select(result => ((JsonElement)result.Result!).GetInt32()));
    }

    [Fact]
    public async Task GetResponse_ReasoningTextAndCalls_AreContentsInOrder()
    {
        var options = tools.Answering($"[THINK]7 + 5?[/THINK]I look.{Call}");

        var response = await tools.Model.AsChatClient().GetResponseAsync("Go", options, Cancellation);

        var contents = Assert.Single(response.Messages).Contents;
        Assert.Equal("7 + 5?", Assert.IsType<TextReasoningContent>(contents[0]).Text);
        Assert.Equal("I look.", Assert.IsType<TextContent>(contents[1]).Text);
        var call = Assert.IsType<FunctionCallContent>(contents[2]);
        Assert.Equal(3, contents.Count);
        Assert.Equal("weather", call.Name);
        Assert.Matches("^[0-9A-Za-z]{9}$", call.CallId);
        Assert.Equal(["city", "days"], call.Arguments!.Keys);
        Assert.Equal("Zürich", ((JsonElement)call.Arguments["city"]!).GetString());
        Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
        var text = ((ChatAnswer)response.RawRepresentation!).Generation;
        Assert.Equal(text.Ids.Count, response.Usage!.OutputTokenCount);
        Assert.Equal(tools.Model.Tokenizer.CountTokens("7 + 5?"), response.Usage.ReasoningTokenCount);
    }

    [Fact]
    public async Task GetResponse_ReasoningThatIsNotWanted_IsLeftOutButCounted()
    {
        var options = tools.Answering("[THINK]7 + 5?[/THINK]12");
        options.Reasoning = new ReasoningOptions { Output = ReasoningOutput.None };

        var response = await tools.Model.AsChatClient().GetResponseAsync("Go", options, Cancellation);

        Assert.Equal("12", Assert.IsType<TextContent>(Assert.Single(response.Messages[0].Contents)).Text);
        Assert.True(response.Usage!.ReasoningTokenCount > 0);
    }

    [Fact]
    public async Task GetResponse_ArgumentsThatAreNoObject_ComeWithTheFault()
    {
        var client = tools.Model.AsChatClient();
        var response = await client.GetResponseAsync("Go", tools.Answering("[TOOL_CALLS]weather[ARGS]12"), Cancellation);

        var call = Assert.IsType<FunctionCallContent>(Assert.Single(response.Messages[0].Contents));
        Assert.NotNull(call.Exception);
        Assert.Null(call.Arguments);

        // The model is told what it wrote.
        var next = await client.GetResponseAsync(
            [new(ChatRole.User, "Go"), .. response.Messages, new(ChatRole.Tool, [new FunctionResultContent(call.CallId, "no")])],
            tools.Answering("I see."), Cancellation);
        Assert.Contains("[TOOL_CALLS]weather[ARGS]12</s>", Prompt(next), StringComparison.Ordinal);
    }

    private string Prompt(ChatResponse response) => ChatTokenizers.TextOf(
        tools.Model.Tokenizer,
        (response.RawRepresentation as ChatAnswer ?? (ChatAnswer)response.Messages[^1].RawRepresentation!).Generation.PromptIds);
}

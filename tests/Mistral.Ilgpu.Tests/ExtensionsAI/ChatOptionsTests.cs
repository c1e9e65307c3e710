using System.Text.Json;
using Microsoft.Extensions.AI;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Extensions.AI;
using Xunit;

namespace Mistral.Ilgpu.Tests.ExtensionsAI;

/// <summary>What a model cannot do is refused in one line that names it, before anything is computed.</summary>
[Collection(nameof(TinyLanguageModelCollection))]
public sealed class ChatOptionsTests(TinyLanguageModel tiny)
{
    private readonly IChatClient _client = tiny.Model.AsChatClient();

    public static TheoryData<ChatOptions, string> Unsupported => new()
    {
        { new() { ConversationId = "a" }, "ChatOptions.ConversationId: found 'a', expected none, because" },
        { new() { AdditionalProperties = new() { ["n"] = 2 } }, "ChatOptions.AdditionalProperties: found 'n', expected none" },
        {
            new() { Tools = [new HostedWebSearchTool()] },
            "ChatOptions.Tools: found 'web_search', a HostedWebSearchTool, expected functions"
        },
        {
            new() { Reasoning = new() { Output = ReasoningOutput.Summary } },
            "ChatOptions.Reasoning.Output: found Summary, expected None or Full"
        },
#pragma warning disable MEAI001 // The token is there to be refused.
        {
            new() { ContinuationToken = ResponseContinuationToken.FromBytes(new byte[] { 1 }) },
            "ChatOptions.ContinuationToken: found one, expected none, because"
        },
#pragma warning restore MEAI001
    };

    public static TheoryData<ChatOptions, string> Wrong => new()
    {
        { new() { ModelId = "gpt-4" }, "ChatOptions.ModelId: found 'gpt-4', expected 'tiny' or null" },
        { new() { MaxOutputTokens = 0 }, "ChatOptions.MaxOutputTokens: found 0, expected 1 or more" },
        { new() { Temperature = -1 }, "(Parameter 'Temperature')" },
        { new() { TopP = 0 }, "(Parameter 'TopP')" },
        { new() { TopK = -1 }, "(Parameter 'TopK')" },
        { new() { FrequencyPenalty = float.NaN }, "(Parameter 'FrequencyPenalty')" },
        { new() { StopSequences = [""] }, "an empty stop string" },
        {
            new() { RawRepresentationFactory = _ => "raw" },
            "ChatOptions.RawRepresentationFactory: found String, expected GenerationOptions"
        },
    };

    [Theory]
    [MemberData(nameof(Unsupported), DisableDiscoveryEnumeration = true)]
    public async Task Options_ThatNoModelHas_AreRefusedByName(ChatOptions options, string message)
    {
        var refusal = Assert.Throws<NotSupportedException>(() => _client.GetStreamingResponseAsync("Hi", options));
        Assert.StartsWith(message, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
        await Assert.ThrowsAsync<NotSupportedException>(() => _client.GetResponseAsync("Hi", options));
    }

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void Options_WithWrongValues_AreRefusedByName(ChatOptions options, string message) => Assert.Contains(
        message,
        Assert.ThrowsAny<ArgumentException>(() => _client.GetStreamingResponseAsync("Hi", options)).Message,
        StringComparison.Ordinal);

    /// <summary>The library refuses what the model's format lacks.</summary>
    [Fact]
    public async Task Options_ThatTheFormatLacks_AreRefusedByTheLibrary()
    {
        var effort = new ChatOptions { Reasoning = new ReasoningOptions { Effort = ReasoningEffort.ExtraHigh } };
        var refusal = await Assert.ThrowsAsync<ChatFormatException>(() => _client.GetResponseAsync("Hi", effort));
        Assert.Contains("'xhigh'", refusal.Message, StringComparison.Ordinal);
        Assert.IsAssignableFrom<MistralException>(refusal);
    }

    [Fact]
    public async Task Options_ThatChangeNothing_AreTaken()
    {
        var options = new ChatOptions
        {
            ModelId = "tiny", ResponseFormat = ChatResponseFormat.Text, ToolMode = ChatToolMode.None,
            AllowMultipleToolCalls = true, Tools = [AIFunctionFactory.Create(() => 1, "one")], AdditionalProperties = [],
            MaxOutputTokens = 1,
        };
        var response = await _client.GetResponseAsync("Hi", options, TestContext.Current.CancellationToken);
        Assert.Equal(1, response.Usage!.OutputTokenCount);
    }

    [Fact]
    public async Task ResponseFormat_OfASchema_GivesAValueOfIt()
    {
        var schema = JsonElement.Parse("""{"type": "object", "properties": {"n": {"type": "integer", "maximum": 9, "minimum": 1}}, "required": ["n"], "additionalProperties": false}""");
        var options = new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema) };
        var response = await _client.GetResponseAsync("Hi", options, TestContext.Current.CancellationToken);
        Assert.InRange(JsonElement.Parse(response.Text).GetProperty("n").GetInt32(), 1, 9);
    }

    [Fact]
    public void ResponseFormat_OfAnUnsupportedSchema_IsRefusedByName()
    {
        var options = new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(JsonElement.Parse("""{"uniqueItems": true}""")) };
        Assert.Contains(
            "ChatOptions.ResponseFormat: schema: #/uniqueItems",
            Assert.ThrowsAny<ArgumentException>(() => _client.GetStreamingResponseAsync("Hi", options)).Message,
            StringComparison.Ordinal);
    }

    /// <summary>An option that a later version adds would be dropped without a word.</summary>
    [Fact]
    public void Options_OfThisVersion_AreAllKnown() => Assert.Equal(
        [
            "AdditionalProperties", "AllowBackgroundResponses", "AllowMultipleToolCalls", "ContinuationToken", "ConversationId",
            "FrequencyPenalty", "Instructions", "MaxOutputTokens", "ModelId", "PresencePenalty", "RawRepresentationFactory",
            "Reasoning", "ResponseFormat", "Seed", "StopSequences", "Temperature", "ToolMode", "Tools", "TopK", "TopP",
        ],
        typeof(ChatOptions).GetProperties().Select(property => property.Name).Order(StringComparer.Ordinal));
}

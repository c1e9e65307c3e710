using System.Text.Json;
using Microsoft.Extensions.AI;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Extensions.AI;
using Xunit;

namespace Mistral.Ilgpu.Tests.ExtensionsAI;

/// <summary>What of messages reaches a model, and what is refused.</summary>
public sealed class ConversationTests
{
    public static TheoryData<ChatMessage, string> Refused => new()
    {
        {
            new(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")]),
            "message 1 of role user: found DataContent of type image/png, expected text"
        },
        {
            new(ChatRole.User, [new UriContent("https://example.org/a.jpg", "image/jpeg")]),
            "message 1 of role user: found UriContent of type image/jpeg, expected text"
        },
        {
            new(ChatRole.User, [new TextReasoningContent("a")]),
            "message 1 of role user: found TextReasoningContent, expected text"
        },
        {
            new(ChatRole.System, [new FunctionCallContent("a", "f")]),
            "message 1 of role system: found FunctionCallContent, expected text"
        },
        {
            new(ChatRole.Assistant, [new TextReasoningContent("") { ProtectedData = "a" }]),
            "message 1 of role assistant: found TextReasoningContent with protected data, "
                + "expected text, reasoning or calls of functions"
        },
        {
            new(ChatRole.Assistant, [new FunctionResultContent("a", 1)]),
            "message 1 of role assistant: found FunctionResultContent, expected text, reasoning or calls of functions"
        },
        {
            new(ChatRole.Tool, [new TextContent("a")]),
            "message 1 of role tool: found TextContent, expected results of functions"
        },
        {
            new(ChatRole.Tool, [new FunctionResultContent("a", new DataContent(new byte[] { 1 }, "image/png"))]),
            "message 1 of role tool: found DataContent of type image/png, expected text as the result of a function"
        },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void Map_ContentThatModelsDoNotRead_IsRefusedByName(ChatMessage message, string refusal) => Assert.Equal(
        refusal,
        Assert.Throws<NotSupportedException>(() => ConversationMapping.Map([new(ChatRole.User, "Hi"), message], null)).Message);

    [Fact]
    public void Map_UnknownRole_IsRefusedByTheLibrary() => Assert.Throws<ChatFormatException>(
        () => ConversationMapping.Map([new(new ChatRole("judge"), "a")], null));

    [Fact]
    public void Map_Texts_KeepTheirRoles()
    {
        var mapped = ConversationMapping.Map(
            [
                new(ChatRole.System, "a"), new(new ChatRole("developer"), "b"), new(ChatRole.User, "c"),
                new(ChatRole.Assistant, "d"), new(ChatRole.User, []),
            ],
            "first");

        Assert.Equal(
            [
                (MessageRole.System, "first"), (MessageRole.System, "a"), (MessageRole.System, "b"), (MessageRole.User, "c"),
                (MessageRole.Assistant, "d"), (MessageRole.User, ""),
            ],
            mapped.Select(message => (message.Role, message.Content)));
        Assert.All(mapped, message => Assert.Empty(message.Parts));
    }

    /// <summary>A user's texts are texts of their own, which formats set apart. An answer's are pieces of one.</summary>
    [Fact]
    public void Map_SeveralTexts_AreJoinedInAnswersAlone()
    {
        AIContent[] contents = [new TextContent("a"), new TextContent("b")];
        var mapped = ConversationMapping.Map([new(ChatRole.User, contents), new(ChatRole.Assistant, contents)], null);

        Assert.Equal([new("a"), new("b")], mapped[0].Parts);
        Assert.Equal("ab", mapped[1].Content);
    }

    [Fact]
    public void Map_Answer_HasReasoningTextAndCalls()
    {
        var call = new FunctionCallContent("abc123xyz", "f", new Dictionary<string, object?> { ["a"] = 1, ["b"] = "é\"" });
        AIContent[] contents = [new TextReasoningContent("why"), new TextContent("b"), call, new FunctionCallContent("i", "g")];
        var mapped = Assert.Single(ConversationMapping.Map([new(ChatRole.Assistant, contents)], null));

        Assert.Equal([new("why", IsThinking: true), new("b")], mapped.Parts);
        Assert.Equal(["f", "g"], mapped.ToolCalls.Select(found => found.Name));
        Assert.Equal(["abc123xyz", "i"], mapped.ToolCalls.Select(found => found.Id));
        Assert.Equal("{}", mapped.ToolCalls[1].Arguments);
        var arguments = JsonDocument.Parse(mapped.ToolCalls[0].Arguments).RootElement;
        Assert.Equal((1, "é\""), (arguments.GetProperty("a").GetInt32(), arguments.GetProperty("b").GetString()));
    }

    [Fact]
    public void Map_Results_AreMessagesWithCallAndName()
    {
        object?[] results =
        [
            "text", null, 12, JsonSerializer.SerializeToElement("quoted"), JsonSerializer.SerializeToElement(new { a = "é" }),
            new TextContent("content"), new AIContent[] { new TextContent("x"), new TextContent("y") },
        ];
        var mapped = ConversationMapping.Map(
            [
                new(ChatRole.User, "Hi"),
                new(ChatRole.Assistant, [new FunctionCallContent("1", "f")]),
                new(ChatRole.Tool, [.. results.Select((result, i) => new FunctionResultContent($"{i}", result))]),
            ],
            null)[2..];

        Assert.Equal(
            ["text", "", "12", "quoted", "{\"a\":\"é\"}", "content", "xy"], mapped.Select(message => message.Content));
        Assert.All(mapped, message => Assert.Equal(MessageRole.Tool, message.Role));
        Assert.Equal(Enumerable.Range(0, 7).Select(i => $"{i}"), mapped.Select(message => message.ToolCallId));
        Assert.Equal([null, "f", null], mapped.Take(3).Select(message => message.Name));
    }
}

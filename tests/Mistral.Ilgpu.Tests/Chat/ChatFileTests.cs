using System.Text;
using Mistral.Ilgpu.Chat;
using Xunit;

namespace Mistral.Ilgpu.Tests.Chat;

public sealed class ChatFileTests
{
    [Fact]
    public void Parse_RequestOfAnApi_HoldsItAll()
    {
        var request = Parse("""
            {"model": "m", "temperature": 0.5, "tool_choice": "none", "reasoning_effort": "high",
            "continue_final_message": true, "tools": [{"type": "function", "function": {"name": "get", "parameters": {"a": 1}}}],
            "messages": [{"role": "developer", "content": "S"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": null, "tool_calls": [{"id": "123456789", "type": "function",
            "function": {"name": "get", "arguments": {"b": 2}}}]},
            {"role": "tool", "tool_call_id": "123456789", "name": "get", "content": "R"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"},
            {"type": "text", "text": "m"}], "closed": false}]}]}
            """);

        Assert.Equal(("none", "high", true), (
            request.Settings.ToolChoice, request.Settings.ReasoningEffort, request.Settings.ContinuesLast));
        var tool = Assert.Single(request.Settings.Tools);
        Assert.Equal(("get", "", "{\"a\": 1}"), (tool.Name, tool.Description, tool.Parameters.GetRawText()));
        Assert.Equal(
            [MessageRole.System, MessageRole.User, MessageRole.Assistant, MessageRole.Tool, MessageRole.Assistant],
            request.Messages.Select(message => message.Role));
        Assert.Equal([new ContentPart("a"), new ContentPart("b")], request.Messages[1].Parts);
        Assert.Equal(new ToolCall("get", "{\"b\": 2}", "123456789"), Assert.Single(request.Messages[2].ToolCalls));
        Assert.Equal(("R", "123456789", "get"), (
            request.Messages[3].Content, request.Messages[3].ToolCallId, request.Messages[3].Name));
        Assert.Equal([new ContentPart("hm", IsThinking: true, IsClosed: false)], request.Messages[4].Parts);
        Assert.True(request.ContinuesReasoning);
        Assert.False(request.StartsAnswer);
    }

    [Fact]
    public void Parse_ReasoningAsAMemberOfItsOwn_GoesFirst()
    {
        var request = Parse("""
            {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "reasoning_content": "hm", "content": "12"}]}
            """);

        Assert.Equal([new ContentPart("hm", IsThinking: true), new ContentPart("12")], request.Messages[1].Parts);
        Assert.True(request.StartsAnswer);
    }

    [Theory]
    [InlineData("""{"type": "image_url", "image_url": "x"}""", "'image_url', expected text, because images are not read")]
    [InlineData("""{"type": "input_image"}""", "images are not read")]
    [InlineData("""{"image_url": "x"}""", "images are not read")]
    [InlineData("""{"type": "input_audio", "input_audio": "x"}""", "audio is not read")]
    [InlineData("""{"type": "file"}""", "found 'file', expected text or thinking")]
    [InlineData("""{"type": "text"}""", "text: found nothing, expected a string")]
    [InlineData("7", "expected an object")]
    public void Parse_PartThatIsNoText_IsRefusedByName(string part, string message) => AssertRefused(
        $$"""{"messages": [{"role": "user", "content": [{{part}}]}]}""", "chat.json, message 0: content", message);

    [Theory]
    [InlineData("[]", "chat.json: found JSON Array, expected an object")]
    [InlineData("{}", "messages: found none, expected a list of at least one message")]
    [InlineData("""{"messages": 7}""", "messages: found 7, expected a list")]
    [InlineData("""{"messages": [{}]}""", "message 0: role: found nothing")]
    [InlineData(
        """{"messages": [{"role": "robot", "content": ""}]}""",
        "message 0: found role 'robot', expected system, developer, user, assistant or tool")]
    [InlineData("""{"messages": [{"role": "user"}]}""", "message 0: content: found nothing")]
    [InlineData("""{"messages": [{"role": "user", "content": 7}]}""", "message 0: content: found 7")]
    [InlineData("""{"messages": [{"role": "assistant", "content": "a", "prefix": "yes"}]}""", "prefix: found \"yes\"")]
    [InlineData("""{"messages": [{"role": "assistant", "tool_calls": [{"function": {}}]}]}""", "name: found nothing")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}], "tools": [{"type": "web"}]}""", "tool 0: type: found 'web'")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}], "tools": [{}]}""", "tool 0: function: found nothing")]
    [InlineData("""{"messages": [{"role": "user", "content": "\ud800"}]}""", "not valid Unicode")]
    [InlineData(
        """{"messages": [{"role": "assistant", "reasoning": "a", "content": [{"type": "thinking", "thinking": "b"}]}]}""",
        "expected one of both")]
    public void Parse_WhatIsNoConversation_IsRefusedByName(string json, string message) => AssertRefused(json, message);

    [Fact]
    public void Read_FileThatIsNotUtf8_IsRefused()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "chat.json");
        File.WriteAllBytes(path, [.. "{\"messages\": \""u8, 0xFF]);
        Assert.Contains(
            "unreadable", Assert.Throws<ModelFileException>(() => ChatFile.Read(path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("required")]
    [InlineData("{\"type\": \"function\", \"function\": {\"name\": \"required\"}}")]
    public void Encode_ToolChoiceThatDemandsACall_IsRefusedByName(string choice)
    {
        string value = choice.StartsWith('{') ? choice : $"\"{choice}\"";
        var request = Parse($$"""{"messages": [{"role": "user", "content": "a"}], "tool_choice": {{value}}}""");
        Assert.Contains(
            "tool choice 'required', expected auto, none, or tools",
            Assert.Throws<ChatFormatException>(() => request.Encode(ChatTokenizers.OfTekken("v13"))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_ToolChoiceNone_DoesNotTellOfTools()
    {
        var tokenizer = ChatTokenizers.OfTekken("v13");
        string tools = """ "tools": [{"function": {"name": "get"}}], "messages": [{"role": "user", "content": "a"}]""";
        Assert.Contains(tokenizer.FindControl("[AVAILABLE_TOOLS]"), Parse($"{{{tools}}}").Encode(tokenizer));
        Assert.Equal(
            "<s>[INST]a[/INST]",
            ChatTokenizers.TextOf(tokenizer, Parse($$"""{"tool_choice": "none", {{tools}}}""").Encode(tokenizer)));
    }

    [Theory]
    [InlineData("system", MessageRole.System)]
    [InlineData("developer", MessageRole.System)]
    [InlineData("user", MessageRole.User)]
    [InlineData("assistant", MessageRole.Assistant)]
    [InlineData("tool", MessageRole.Tool)]
    public void Message_RoleByName_IsTheRole(string name, MessageRole role) =>
        Assert.Equal((role, "a"), (new Message(name, "a").Role, new Message(name, "a").Content));

    [Theory]
    [InlineData("robot", "robot")]
    [InlineData("User", "User")]
    [InlineData("", "")]
    [InlineData("a\r\nb", "a b")]
    public void Message_RoleThatIsNone_IsRefusedByName(string name, string found) => Assert.Equal(
        $"found role '{found}', expected system, developer, user, assistant or tool",
        Assert.Throws<ChatFormatException>(() => new Message(name, "a")).Message);

    [Theory]
    [InlineData(MessageRole.User)]
    [InlineData(MessageRole.Tool)]
    public void Encode_ThinkingThatIsNotTheModels_IsRefused(MessageRole role)
    {
        Message[] messages =
        [
            new("user", "a"), new("assistant", "") { ToolCalls = [new("get", "{}", "123456789")] },
            new(MessageRole.Tool, "") { ToolCallId = "123456789", Parts = role == MessageRole.Tool ? [new("b", true)] : [] },
            new("assistant", "c"), new("user", "") { Parts = role == MessageRole.User ? [new("d", true)] : [] },
        ];
        Assert.Contains(
            $"of role {role} has thinking",
            Assert.Throws<ChatFormatException>(() => ChatTemplate.For(ChatTokenizers.OfTekken("v13")).Encode(messages)).Message,
            StringComparison.Ordinal);
    }

    private static void AssertRefused(string json, params string[] messages)
    {
        string found = Assert.Throws<ModelFileException>(() => Parse(json)).Message;
        Assert.All(messages, message => Assert.Contains(message, found, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', found);
    }

    private static ChatRequest Parse(string json) => ChatFile.Parse(Encoding.UTF8.GetBytes(json), "chat.json");
}

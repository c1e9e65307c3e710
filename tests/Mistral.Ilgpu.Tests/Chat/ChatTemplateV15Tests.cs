using System.Text.Json;
using System.Text.Json.Nodes;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Chat;

/// <summary>The cases of mistral-common's test_tokenizer_v15.py that concern text, and what follows from its rules.</summary>
public sealed class ChatTemplateV15Tests
{
    private const string Tools =
        "[AVAILABLE_TOOLS][{\"type\": \"function\", \"function\": {\"name\": \"math_interpreter\", "
        + "\"description\": \"Get the value of an arithmetic expression.\", \"parameters\": {\"type\": \"object\", "
        + "\"properties\": {\"expression\": {\"type\": \"string\", \"description\": \"Math expression.\"}}}}}][/AVAILABLE_TOOLS]";

    private static readonly Message[] Conversation =
    [
        new("system", "S"),
        new("user", "U1"),
        new("assistant", "A1") { ToolCalls = [new("F1", "{}", "123456789"), new("F2", "{}", "999999999")] },
        new("tool", "R1") { ToolCallId = "123456789" },
        new("tool", "R2") { ToolCallId = "999999999" },
        new("assistant", "A2"),
        new("user", "U2"),
    ];

    private static readonly ToolDefinition Tool = new(
        "math_interpreter", "Get the value of an arithmetic expression.", JsonElement.Parse(
            """{"type":"object","properties":{"expression":{"type":"string","description":"Math expression."}}}"""));

    [Theory]
    [InlineData("high", true, Tools + "[MODEL_SETTINGS]{\"reasoning_effort\": \"high\"}[/MODEL_SETTINGS]")]
    [InlineData("none", false, "[MODEL_SETTINGS]{\"reasoning_effort\": \"none\"}[/MODEL_SETTINGS]")]
    [InlineData(null, false, "[MODEL_SETTINGS]{\"reasoning_effort\": \"none\"}[/MODEL_SETTINGS]")]
    public void Encode_ToolsAndEffort_StandBeforeTheFirstTurn(string? effort, bool hasTools, string expected) =>
        Assert.Equal(Expected(expected), Encode(WithEfforts("none", "high"), effort, hasTools));

    [Theory]
    [InlineData(null, "")]
    [InlineData("none", "[MODEL_SETTINGS]{\"reasoning_effort\": \"none\"}[/MODEL_SETTINGS]")]
    [InlineData("high", "[MODEL_SETTINGS]{\"reasoning_effort\": \"high\"}[/MODEL_SETTINGS]")]
    public void Encode_EffortsWithoutADefault_AreWrittenWhereAskedFor(string? effort, string expected) =>
        Assert.Equal(Expected(expected), Encode(Builder("""{"values":["none","high"],"accepts_none":true}"""), effort));

    [Theory]
    [InlineData(null, """{"values":[],"accepts_none":true,"default":null}""")]
    [InlineData("none", "null")]
    [InlineData(null, "null")]
    public void Encode_TokenizerWithoutEfforts_HasNoSettings(string? effort, string efforts) =>
        Assert.Equal(Expected(""), Encode(Builder(efforts), effort));

    [Theory]
    [InlineData("none", null)]
    [InlineData(null, null)]
    [InlineData("high", "reasoning effort 'high', which this model's tokenizer does not have")]
    public void Encode_TokenizerThatStatesNothing_TakesNoEffort(string? effort, string? refusal)
    {
        var tokenizer = ChatTokenizers.OfTekken("v15");
        Assert.Equal(refusal, Record.Exception(() => Assert.Equal(Expected(""), Encode(tokenizer, effort)))?.Message);
    }

    [Theory]
    [InlineData("high", """{"values":["none"],"accepts_none":true}""", "reasoning effort 'high', expected none")]
    [InlineData("none", """{"values":[],"accepts_none":true}""", "reasoning effort 'none', expected none to be given")]
    [InlineData(null, """{"values":["none","high"],"accepts_none":false}""", "no reasoning effort, expected none or high")]
    public void Encode_EffortThatIsNotTaken_IsRefusedByName(string? effort, string efforts, string message) =>
        Assert.Equal(message, Assert.Throws<ChatFormatException>(() => Encode(Builder(efforts), effort)).Message);

    [Theory]
    [InlineData("v1")]
    [InlineData("v2")]
    [InlineData("v3")]
    [InlineData("v7")]
    [InlineData("v11")]
    [InlineData("v13")]
    public void Encode_EffortInAFormatBefore_IsRefusedByName(string version)
    {
        var template = ChatTemplate.For(ChatTokenizers.OfTekken("v15"), version);
        var exception = Assert.Throws<ChatFormatException>(
            () => template.Encode([new("user", "a")], new ChatSettings { ReasoningEffort = "none" }));
        Assert.Equal($"reasoning effort 'none', which chat format {version} does not have", exception.Message);
    }

    [Fact]
    public void Encode_ContinuedAnswer_StaysOpen()
    {
        var tokenizer = WithEfforts("none", "high");
        var ids = ChatTemplate.For(tokenizer).Encode([new("user", "a"), new("assistant", "b")], new() { ContinuesLast = true });
        Assert.Equal(tokenizer.EncodeToIds("b"), ids.TakeLast(1));
    }

    // As in mistral-common: a user may go on where the model has not answered a result.
    [Fact]
    public void Encode_UserBehindAResult_IsATurn()
    {
        var tokenizer = ChatTokenizers.OfTekken("v15");
        var ids = ChatTemplate.For(tokenizer).Encode([.. Conversation[..5], new("user", "U2")]);
        Assert.EndsWith("R2[/TOOL_RESULTS][INST]U2[/INST]", ChatTokenizers.TextOf(tokenizer, ids), StringComparison.Ordinal);
        Assert.Throws<ChatFormatException>(() => ChatTemplate.For(tokenizer).Encode([.. Conversation[..5], new("system", "S")]));
    }

    [Fact]
    public void Encode_SystemMessageWithThinking_IsRefused()
    {
        Message[] messages = [new("system", "") { Parts = [new("Hi", IsThinking: true)] }, new("user", "a")];
        var tokenizer = WithEfforts("none", "high");
        Assert.Contains(
            "thinking in a system message",
            Assert.Throws<ChatFormatException>(() => ChatTemplate.For(tokenizer).Encode(messages)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "[SYSTEM_PROMPT][THINK]Hi[/THINK][/SYSTEM_PROMPT]",
            ChatTokenizers.TextOf(tokenizer, ChatTemplate.For(tokenizer, "v13").Encode(messages)),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v13", "[INST]a\n\nb\n\nc[/INST]", "[SYSTEM_PROMPT]s\n\nt[/SYSTEM_PROMPT]")]
    [InlineData("v15", "[INST]ab\n\nc[/INST]", "[SYSTEM_PROMPT]st[/SYSTEM_PROMPT]")]
    public void Encode_TextsOfOneMessage_AreJoinedAsTheFormatDoes(string version, string user, string system)
    {
        var tokenizer = ChatTokenizers.OfTekken(version);
        var ids = ChatTemplate.For(tokenizer).Encode(
        [
            new("system", "") { Parts = [new("s"), new(""), new("t")] },
            new("user", "") { Parts = [new("a"), new("b")] },
            new("user", "c"),
        ]);
        Assert.Equal($"<s>{system}{user}", ChatTokenizers.TextOf(tokenizer, ids));
    }

    [Theory]
    [InlineData("v4")]
    [InlineData("v5")]
    [InlineData("v6")]
    [InlineData("v8")]
    [InlineData("v9")]
    [InlineData("v10")]
    [InlineData("v12")]
    [InlineData("v14")]
    [InlineData("v16")]
    public void For_FormatThatDoesNotExist_IsRefusedByName(string version) => Assert.Equal(
        $"chat format '{version}', expected v1, v2, v3, v7, v11, v13 or v15",
        Assert.Throws<ChatFormatException>(() => ChatTemplate.For(ChatTokenizers.OfTekken(version))).Message);

    private static string Expected(string opening) =>
        $"<s>[SYSTEM_PROMPT]S[/SYSTEM_PROMPT]{opening}[INST]U1[/INST]A1[TOOL_CALLS]F1[ARGS]{{}}[TOOL_CALLS]F2[ARGS]{{}}</s>"
        + "[TOOL_RESULTS]R1[/TOOL_RESULTS][TOOL_RESULTS]R2[/TOOL_RESULTS]A2</s>[INST]U2[/INST]";

    private static string Encode(TextTokenizer tokenizer, string? effort, bool hasTools = false)
    {
        var settings = new ChatSettings { ReasoningEffort = effort, Tools = hasTools ? [Tool] : [] };
        return ChatTokenizers.TextOf(tokenizer, ChatTemplate.For(tokenizer).Encode(Conversation, settings));
    }

    private static ByteLevelBpe WithEfforts(params string[] efforts) => Builder(
        new JsonObject
        {
            ["type"] = "enum",
            ["values"] = new JsonArray([.. efforts.Select(effort => JsonValue.Create(effort))]),
            ["accepts_none"] = true,
            ["default"] = efforts[0],
        }.ToJsonString());

    /// <summary>A tokenizer whose file states these efforts.</summary>
    private static ByteLevelBpe Builder(string efforts)
    {
        var file = ChatTokenizers.TekkenJson("v15");
        file["model_settings_builder"] = new JsonObject { ["reasoning_effort"] = JsonNode.Parse(efforts) };
        return ChatTokenizers.Load(file);
    }
}

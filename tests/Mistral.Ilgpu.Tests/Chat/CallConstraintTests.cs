using System.Text.Json;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Constraints;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Chat;

/// <summary>Answers whose calls of functions are limited, in each way that chat formats write calls.</summary>
public sealed class CallConstraintTests
{
    private const string Schema = """
        {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}, "required": ["n"], "additionalProperties": false,
         "$defs": {"n": {"type": "integer"}}}
        """;

    [Theory]
    [InlineData("v3", "auto", "the", true)]
    [InlineData("v3", "required", "the", false)]
    [InlineData("v3", "required", "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"n\": 1}}]", true)]
    [InlineData("v3", "required", "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"n\": \"x\"}}]", false)]
    [InlineData("v3", "required", "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"n\": 1}}, {\"name\": \"g\", \"arguments\": {}}]", true)]
    [InlineData("v3", "g", "[TOOL_CALLS][{\"name\": \"g\", \"arguments\": {\"a\": []}}]", true)]
    [InlineData("v3", "g", "[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"n\": 1}}]", false)]
    [InlineData("v3", "g", "[TOOL_CALLS][{\"name\": \"g\", \"arguments\": {}}, {\"name\": \"g\", \"arguments\": {}}]", false)]
    [InlineData("v3", "required", "[TOOL_CALLS][]", false)]
    [InlineData("v3", "required", "[TOOL_CALLS][{\"name\": \"h\", \"arguments\": {}}]", false)]
    [InlineData("v3", "auto", "the[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {\"n\": \"x\"}}]", false)]
    [InlineData("v11", "required", "[TOOL_CALLS]f[ARGS]{\"n\": 1}", true)]
    [InlineData("v11", "required", "[TOOL_CALLS]f[CALL_ID]abcdefghi[ARGS]{\"n\": 1}", true)]
    [InlineData("v11", "required", "[TOOL_CALLS]f[CALL_ID]abc[ARGS]{\"n\": 1}", false)]
    [InlineData("v13", "required", "[TOOL_CALLS]f[ARGS]{\"n\": 1}[TOOL_CALLS]g[ARGS]{}", true)]
    [InlineData("v13", "required", "[THINK]the[/THINK][TOOL_CALLS]f[ARGS]{\"n\": 1}", true)]
    [InlineData("v13", "required", "[THINK]the[TOOL_CALLS]f[ARGS]{\"n\": 1}", false)]
    [InlineData("v13", "required", "[TOOL_CALLS]f[ARGS]{\"m\": 1}", false)]
    [InlineData("v13", "f", "[TOOL_CALLS]f[ARGS]{\"n\": 1}[TOOL_CALLS]f[ARGS]{\"n\": 1}", false)]
    [InlineData("v13", "auto", "[THINK]the[/THINK]the", true)]
    [InlineData("v13", "auto", "the[TOOL_CALLS]f[ARGS]{\"n\": 2}", true)]
    [InlineData("v13", "auto", "the[TOOL_CALLS]f[ARGS]{\"n\": 2.5}", false)]
    [InlineData("v13", "auto", "the[ARGS]", false)]
    public void Calls_InEachFormat_AreThoseOfTheTools(string version, string choice, string answer, bool isAccepted)
    {
        var tokenizer = ChatTokenizers.OfTekken(version);
        var constraint = CallConstraint.Of(tokenizer, Settings(choice), null)!;
        Assert.Equal(isAccepted, Accepts(constraint, tokenizer, answer));
    }

    [Fact]
    public void Calls_BesideAFormOfTheAnswer_AreOneOfTheTwo()
    {
        var tokenizer = ChatTokenizers.OfTekken("v13");
        var constraint = CallConstraint.Of(tokenizer, Settings("auto"), Constraint.Choice(["the"]))!;
        Assert.True(Accepts(constraint, tokenizer, "the"));
        Assert.False(Accepts(constraint, tokenizer, "he"));
        Assert.True(Accepts(constraint, tokenizer, "[TOOL_CALLS]g[ARGS]{}"));
    }

    [Fact]
    public void Settings_WithoutLimits_LeaveTheAnswerFree() => Assert.Null(
        CallConstraint.Of(ChatTokenizers.OfTekken("v13"), Settings("auto") with { Tools = [Tool("g", "{}")] }, null));

    [Fact]
    public void Tool_StrictWithAnUnsupportedSchema_IsRefusedByName()
    {
        var settings = new ChatSettings { Tools = [Tool("f", """{"uniqueItems": true}""") with { IsStrict = true }] };
        var exception = Assert.Throws<ChatFormatException>(
            () => CallConstraint.Of(ChatTokenizers.OfTekken("v13"), settings, null));
        Assert.Contains("tool 'f', which is strict: schema: #/uniqueItems", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToolChoice_OfNoTool_IsRefused() => Assert.Contains(
        "tool choice 'h', expected auto, none, required or the name of a tool",
        Assert.Throws<ChatFormatException>(
            () => ChatTemplate.For(ChatTokenizers.OfTekken("v13")).Encode([new("user", "x")], Settings("h"))).Message,
        StringComparison.Ordinal);

    private static ChatSettings Settings(string choice) => new()
    {
        ToolChoice = choice, Tools = [Tool("f", Schema) with { IsStrict = true }, Tool("g", """{"type": "object"}""")],
    };

    private static ToolDefinition Tool(string name, string schema) => new(name, "", JsonElement.Parse(schema));

    private static bool Accepts(Constraint constraint, TextTokenizer tokenizer, string answer)
    {
        var matcher = constraint.Begin(tokenizer, dropsFirstSpace: true);
        return ParsedAnswer.Ids(tokenizer, answer).All(id => matcher.Mask().Contains(id) && matcher.TryAccept(id)) && matcher.IsComplete;
    }
}

using System.Text.RegularExpressions;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Tokenization;
using Xunit;
using static Mistral.Ilgpu.Tests.Chat.ParsedAnswer;

namespace Mistral.Ilgpu.Tests.Chat;

public sealed partial class ChatOutputParserTests
{
    private static readonly ByteLevelBpe Tekken = ChatTokenizers.OfTekken("v15");
    private static readonly SentencePieceBpe Pieces = ChatTokenizers.OfPieces();
    private static readonly ToolCall[] Calls =
    [
        new("get", """{"city": "Zürich 日本", "days": [1, 2.5, null], "deep": {"a": "}]\"\\ ["}}""", "A1b2C3d4E"),
        new("get", "{}", "999999999"),
    ];

    [Theory]
    [InlineData("v2", false)]
    [InlineData("v2", true)]
    [InlineData("v3", false)]
    [InlineData("v3", true)]
    [InlineData("v7", false)]
    [InlineData("v7", true)]
    [InlineData("v11", false)]
    [InlineData("v13", false)]
    [InlineData("v15", false)]
    public void Append_CallsThatTheTemplateEncodes_ComeBack(string version, bool isPieces)
    {
        TextTokenizer tokenizer = isPieces ? Pieces : Tekken;
        bool hasText = version is not ("v2" or "v3");
        bool keepsIds = version is "v3" or "v7" or "v11";
        var message = new Message("assistant", hasText ? "I look." : "") { ToolCalls = Calls };

        var found = Of(new ChatOutputParser(tokenizer), Encode(tokenizer, version, message));

        Assert.Equal(hasText ? [Text("I look.")] : [], found.Where(piece => piece.Call is null));
        var calls = found.Select(piece => piece.Call).OfType<ToolCall>().ToList();
        Assert.Equal(Calls.Select(call => (call.Name, call.Arguments)), calls.Select(call => (call.Name, call.Arguments)));
        Assert.Equal(keepsIds ? Calls.Select(call => call.Id) : Generated(Calls), calls.Select(call => call.Id));
    }

    [Theory]
    [InlineData("v13")]
    [InlineData("v15")]
    public void Append_ReasoningThatTheTemplateEncodes_ComesBack(string version)
    {
        var message = new Message("assistant", "")
        {
            Parts = [new("7 + 5?", IsThinking: true), new("It is é"), new("sure", IsThinking: true), new("12.")],
            ToolCalls = Calls[..1],
        };

        var found = Of(new ChatOutputParser(Tekken), Encode(Tekken, version, message));

        Assert.Equal([Reasoning("7 + 5?"), Text("It is é"), Reasoning("sure"), Text("12.")], found[..^1]);
        Assert.Equal(Calls[0] with { Id = Generated(Calls).First() }, found[^1].Call);
    }

    [Theory]
    [InlineData("v1", false)]
    [InlineData("v1", true)]
    [InlineData("v13", false)]
    public void Append_WordsOfControlTokens_StayText(string version, bool isPieces)
    {
        TextTokenizer tokenizer = isPieces ? Pieces : Tekken;
        const string Words = "[THINK]a[/THINK][TOOL_CALLS]get[ARGS]{}</s>";

        var found = Of(new ChatOutputParser(tokenizer), Encode(tokenizer, version, new Message("assistant", Words)));

        Assert.Equal([Text(Words)], found);
    }

    [Fact]
    public void Append_Calls_ComeWithTheCharacterThatCompletesThem()
    {
        Assert.Equal(["f{}", "g{}"], Completed("[TOOL_CALLS]f[ARGS]{", "}", "[TOOL_CALLS]g[ARGS]{", "}"));
        Assert.Equal(
            ["f{}", "g{}"],
            Completed("[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}", "}", ", {\"name\": \"g\", \"arguments\": {}", "}"));

        // One call with every second part, before anything follows.
        static IEnumerable<string> Completed(params string[] parts)
        {
            var parser = new ChatOutputParser(Tekken);
            for (int i = 0; i < parts.Length; i++)
            {
                var pieces = Ids(Tekken, parts[i]).SelectMany(parser.Append).ToList();
                Assert.Equal(i % 2, pieces.Count);
                if (i % 2 == 1) yield return pieces[0].Call!.Name + pieces[0].Call!.Arguments;
            }

            Assert.Empty(parser.End());
        }
    }

    [Theory]
    [InlineData("[TOOL_CALLS]get[ARGS]12[TOOL_CALLS]get[ARGS] null", "12", "null")]
    [InlineData("[TOOL_CALLS]get[ARGS]\"a\"[TOOL_CALLS] get [ARGS] [1] ", "\"a\"", "[1]")]
    [InlineData("[TOOL_CALLS]get[ARGS]\"{\\\"a\\\": 1}\"", "{\"a\": 1}")]
    [InlineData("[TOOL_CALLS] [{\"name\": \"get\", \"arguments\": \"{\\\"a\\\": 1}\"}]\n", "{\"a\": 1}")]
    [InlineData("[TOOL_CALLS][{\"id\": null, \"arguments\": {\"a\":1}, \"name\": \"get\"},", "{\"a\":1}")]
    [InlineData("[TOOL_CALLS]get[CALL_ID]null[ARGS]{}</s>", "{}")]
    public void Append_UnusualCalls_AreRead(string answer, params string[] arguments)
    {
        var found = Of(Tekken, answer);
        Assert.Equal(arguments, found.Select(piece => piece.Call?.Arguments));
        Assert.All(found, piece => Assert.Equal("get", piece.Call!.Name));
        Assert.All(found, piece => Assert.Matches(CallId(), piece.Call!.Id));
    }

    [Fact]
    public void Append_CallsWithoutIds_GetTheSameNineCharactersEachTime()
    {
        const string Answer = "[TOOL_CALLS]f[ARGS]{}[TOOL_CALLS]f[ARGS]{}[TOOL_CALLS]f[ARGS]{\"a\": 1}[TOOL_CALLS]g[ARGS]{}";
        string[] ids = [.. Of(Tekken, Answer).Select(piece => piece.Call!.Id!)];
        Assert.Equal(4, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches(CallId(), id));
        Assert.Equal(ids, Of(Tekken, Answer).Select(piece => piece.Call!.Id!));
        Assert.Equal(ids, Of(Tekken, "so [THINK]hm[/THINK]" + Answer).Select(piece => piece.Call?.Id).OfType<string>());
    }

    [Theory]
    [InlineData("[TOOL_CALLS]get[ARGS]{\"a\": ")]
    [InlineData("[TOOL_CALLS]get[ARGS]{\"a\" 1}")]
    [InlineData("[TOOL_CALLS]get[ARGS]Paris")]
    [InlineData("[TOOL_CALLS]get[CALL_ID]123456789")]
    [InlineData("[TOOL_CALLS]get[CALL_ID]12[CALL_ID]34")]
    [InlineData("[TOOL_CALLS]get[ARGS]{\"a\": [ARGS]1}")]
    [InlineData("[TOOL_CALLS] [ARGS]{}")]
    [InlineData("[TOOL_CALLS]get the weather")]
    [InlineData("[TOOL_CALLS][]")]
    [InlineData("[TOOL_CALLS][7]")]
    [InlineData("[TOOL_CALLS][get")]
    [InlineData("[TOOL_CALLS][{\"name\": \"get\", \"argu")]
    [InlineData("[TOOL_CALLS][{\"name\": \"get\"}]")]
    [InlineData("[TOOL_CALLS][{\"name\": \"\", \"arguments\": {}}]")]
    [InlineData("[TOOL_CALLS][{\"name\": 7, \"arguments\": {}}]")]
    [InlineData("[TOOL_CALLS][{\"name\": \"\\ud800\", \"arguments\": {}}]")]
    [InlineData("[TOOL_CALLS][{\"\\ud800\": 1, \"nam\": 2, \"arguments\": {}}]")]
    public void Append_CallThatCannotBeRead_IsText(string answer)
    {
        Assert.Equal([Text(answer)], Of(Tekken, answer));
        // The calls before stay calls, and so do those behind.
        const string Good = "[TOOL_CALLS]f[ARGS]{}";
        var found = Of(Tekken, $"a{Good}{answer}</s>{Good}");
        Assert.Equal(["f", "f"], found.Select(piece => piece.Call?.Name).OfType<string>());
        Assert.Equal("a" + answer, string.Concat(found.Select(piece => piece.Text)));
    }

    [Fact]
    public void Append_ReasoningBehindACallThatIsCut_IsReasoning() => Assert.Equal(
        [Text("[TOOL_CALLS]f[ARGS]{"), Reasoning("hm"), Text("a")], Of(Tekken, "[TOOL_CALLS]f[ARGS]{[THINK]hm[/THINK]a"));

    [Theory]
    [InlineData("[TOOL_CALLS]f[ARGS]{} and more", "and more")]
    [InlineData("[TOOL_CALLS]f[ARGS]{}}", "}")]
    [InlineData("[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}}] \n done", "done")]
    [InlineData("[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}}, 7]", ", 7]")]
    [InlineData("[TOOL_CALLS][{\"name\": \"f\", \"arguments\": {}}, {\"name\": ", ", {\"name\": ")]
    [InlineData("[TOOL_CALLS]f[ARGS]{}[THINK]hm[/THINK]a", "hma")]
    public void Append_TextBehindACall_IsText(string answer, string rest)
    {
        var found = Of(Tekken, answer);
        Assert.Equal("f", found[0].Call?.Name);
        Assert.Equal(rest, string.Concat(found.Skip(1).Select(piece => piece.Text + piece.Reasoning)));
    }

    [Theory]
    [InlineData("[TOOL_CALLS]")]
    [InlineData("[TOOL_CALLS][ARGS]")]
    [InlineData("[ARGS][CALL_ID][/THINK]</s>[INST]")]
    public void Append_ControlTokensAlone_AreNothing(string answer) => Assert.Empty(Of(Tekken, answer));

    [Fact]
    public void Append_CharacterOverIds_ComesWhole()
    {
        var parser = new ChatOutputParser(Pieces);
        var pieces = Pieces.EncodeToIds("日é🙂").SelectMany(parser.Append).ToList();
        Assert.Equal(["日", "é", "🙂"], pieces.Select(piece => piece.Text));
    }

    [Theory]
    [InlineData(false, "a")]
    [InlineData(true, " a")]
    public void Append_LeadingSpace_IsTextWhereTheMessageGoesOn(bool continues, string expected) =>
        Assert.Equal([Text(expected)], Of(new ChatOutputParser(Pieces, continuesText: continues), Pieces.EncodeToIds("a")));

    [Fact]
    public void Append_OpenReasoning_GoesOn() => Assert.Equal(
        [Reasoning("hm"), Text("12")],
        Of(new ChatOutputParser(Tekken, continuesText: true, continuesReasoning: true), Ids(Tekken, "hm[/THINK]12")));

    [Theory]
    [InlineData("one END two", "one ")]
    [InlineData("one EN[/THINK]D two", "one END two")]
    [InlineData("one E", "one E")]
    [InlineData("[THINK]hm END[/THINK]two", "hm ")]
    [InlineData("[TOOL_CALLS]f[ARGS]{\"a\": \"END\"}[/THINK]two END three", "two ")]
    [InlineData("a END[TOOL_CALLS]f[ARGS]{}[/THINK]b[THINK]c", "a ")]
    [InlineData("[TOOL_CALLS]f END", "[TOOL_CALLS]f ")]
    public void Append_StopString_EndsTheAnswerBeforeIt(string answer, string expected)
    {
        var found = Of(Tekken, answer, "END", "NOT");
        Assert.Equal(expected, string.Concat(found.Select(piece => piece.Text + piece.Reasoning)));
        bool hasCall = answer.StartsWith("[TOOL_CALLS]f[", StringComparison.Ordinal);
        Assert.Equal(hasCall, found.Exists(piece => piece.Call is not null));
        var parser = new ChatOutputParser(Tekken, ["END", "NOT"]);
        Of(parser, Ids(Tekken, answer));
        Assert.Equal(Regex.IsMatch(answer.Replace("\"END\"", "", StringComparison.Ordinal), "END"), parser.IsStopped);
    }

    private static IEnumerable<int> Encode(TextTokenizer tokenizer, string version, Message message) =>
        ChatTemplate.For(tokenizer, version).EncodeAssistant(message, new ChatTemplate.Place(false, false, false, false));

    private static IEnumerable<string?> Generated(IEnumerable<ToolCall> calls) =>
        calls.Select((call, index) => Ilgpu.Chat.CallId.Of(index, call.Name, call.Arguments));

    [GeneratedRegex("^[a-zA-Z0-9]{9}$")]
    private static partial Regex CallId();
}

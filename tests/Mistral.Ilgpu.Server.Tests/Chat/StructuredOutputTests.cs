using System.Text.Json;
using OpenAI.Chat;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Chat;

/// <summary>Answers that must have a form.</summary>
[Collection(nameof(TinyServerCollection))]
public sealed class StructuredOutputTests(TinyServer tiny)
{
    private const string Path = "/v1/chat/completions";
    private const string Schema =
        """{"type":"object","properties":{"sum":{"type":"integer"},"ok":{"type":"boolean"}},"required":["sum","ok"],"additionalProperties":false}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Complete_JsonSchema_IsSuchAnObject()
    {
        ChatCompletion answer = await tiny.App.Client().GetChatClient("tiny").CompleteChatAsync(
            [new UserChatMessage("What is 7 + 5?")],
            new ChatCompletionOptions
            {
                Temperature = 0,
                MaxOutputTokenCount = 200,
                ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("sum", BinaryData.FromString(Schema), jsonSchemaIsStrict: true),
            },
            Cancellation);

        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        var found = JsonElement.Parse(answer.Content[0].Text);
        Assert.Equal(JsonValueKind.Number, found.GetProperty("sum").ValueKind);
        Assert.Contains(found.GetProperty("ok").ValueKind, (JsonValueKind[])[JsonValueKind.True, JsonValueKind.False]);
    }

    [Theory]
    [InlineData(""" "guided_choice":["yes","no"] """, "^(yes|no)$")]
    [InlineData(""" "guided_regex":"[ab]{3}c" """, "^[ab]{3}c$")]
    [InlineData(""" "guided_grammar":"root ::= \"x\" [0-9] \"y\"" """, "^x[0-9]y$")]
    [InlineData(""" "guided_json":{"type":"integer","minimum":3,"maximum":5} """, "^[345]$")]
    [InlineData(""" "structured_outputs":{"choice":["left","right"]} """, "^(left|right)$")]
    [InlineData(""" "structured_outputs":{"regex":"z+"},"max_tokens":4 """, "^z+$")]
    public async Task Complete_Form_IsKept(string field, string expected)
    {
        var answer = await tiny.App.AskAsync(
            Path, $$"""{"messages":[{"role":"user","content":"What is 7 + 5?"}],"temperature":0,{{field}}}""");

        Assert.Matches(
            expected, answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    /// <summary>What needs more than the stack holds would end the whole process.</summary>
    [Theory]
    [InlineData("guided_choice", "[\"", "x", "\"]")]
    [InlineData("guided_regex", "\"", "a?", "\"")]
    [InlineData("guided_regex", "\"", "(a|", "\"")]
    [InlineData("guided_regex", "\"", "ab|", "c\"")]
    [InlineData("guided_json", "{\"const\":\"", "x", "\"}")]
    [InlineData("guided_json", "{\"pattern\":\"^", "(a*)?", "$\",\"type\":\"string\"}")]
    [InlineData("guided_grammar", "\"root ::= ", "[a]? ", "[b]\"")]
    [InlineData("guided_grammar", "\"root ::= ", "(", "\"")]
    public async Task Complete_LongForm_IsKeptOrRefused(string field, string start, string repeated, string end)
    {
        string form = start + string.Concat(Enumerable.Repeat(repeated, 40_000)) + end;

        using var response = await tiny.App.PostAsync(
            Path, $$"""{"messages":[{"role":"user","content":"x"}],"max_tokens":1,"{{field}}":{{form}} }""");

        Assert.Contains((int)response.StatusCode, (int[])[200, 400]);
    }

    [Theory]
    [InlineData(""" "guided_regex":"(" """, "guided_regex")]
    [InlineData(""" "guided_grammar":"nonsense" """, "guided_grammar")]
    [InlineData(""" "guided_json":"{" """, "guided_json")]
    [InlineData(""" "response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"wrong"}}} """, "response_format.json_schema.schema")]
    public async Task Complete_WrongForm_NamesTheField(string field, string expected)
    {
        var (status, error) = await tiny.App.FailAsync(Path, $$"""{"messages":[{"role":"user","content":"x"}],{{field}}}""");

        Assert.Equal((400, expected), (status, error.GetProperty("param").GetString()));
    }
}

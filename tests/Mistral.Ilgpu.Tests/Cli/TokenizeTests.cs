using System.Text.Json;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

public sealed class TokenizeTests
{
    [Fact]
    public void Tokenize_SuffixWithoutItsTokens_IsRefused()
    {
        CommandRun.Of("tokenize", "a", "--suffix", "b").ExpectError(4, "[SUFFIX]");
        CommandRun.Of("tokenize", "--prompt-ids", "1,2", "--suffix", "b").ExpectError(2, "--suffix");
    }

    private static TextTokenizer Tokenizer => TinyModel.Required.Tokenizer;

    [Fact]
    public void Tokenize_Text_GivesIdsWithTheStartAndTheirPieces()
    {
        var json = CommandRun.Of("tokenize", "The dog was happy.", "--format", "json").Expect(0).Json;

        int[] ids = Ids(json.GetProperty("ids"));
        Assert.Equal([Tokenizer.BosId, .. Tokenizer.EncodeToIds("The dog was happy.")], ids);
        Assert.Equal(ids.Select(Tokenizer.IdToPiece), json.GetProperty("pieces").EnumerateArray().Select(piece => piece.GetString()));
    }

    [Theory]
    [InlineData("piped", "piped\n")]
    [InlineData("piped\n", "piped\n\n")]
    [InlineData("", "")]
    public void Tokenize_PipedText_LosesItsLastLineEndOnly(string text, string input)
    {
        int[] expected = [Tokenizer.BosId, .. Tokenizer.EncodeToIds(text)];

        Assert.Equal(expected, Ids(CommandRun.WithInput(input, "tokenize", "--format", "json").Expect(0).Json.GetProperty("ids")));
        Assert.Equal(expected, Ids(CommandRun.WithInput(input, "tokenize", "-", "--format", "json").Expect(0).Json.GetProperty("ids")));
    }

    [Theory]
    [InlineData("@file")]
    [InlineData("[INST] hi [/INST]")]
    [InlineData("é \"quoted\" 日")]
    public void Tokenize_TextThatLooksLikeSyntax_IsText(string text)
    {
        var json = CommandRun.Of("tokenize", text, "--format", "json").Expect(0).Json;

        string decoded = CommandRun.Of("tokenize", "--decode", string.Join(',', Ids(json.GetProperty("ids"))), "--format", "json")
            .Expect(0).Json.GetProperty("text").GetString()!;
        Assert.Equal(text, decoded);
    }

    [Fact]
    public void Tokenize_TextAfterTwoDashes_MayBeginWithOne()
    {
        var json = CommandRun.Of("tokenize", "--format", "json", "--", "--temperature").Expect(0).Json;

        Assert.Equal([Tokenizer.BosId, .. Tokenizer.EncodeToIds("--temperature")], Ids(json.GetProperty("ids")));
    }

    [Fact]
    public void Tokenize_InputFile_GivesAResultPerLineInOrder()
    {
        using var file = new TemporaryFile("\"one\"\n\n{\"prompt\":\"two\"}\n");

        var lines = CommandRun.Of("tokenize", "--input", file.Path).Expect(0).JsonLines;

        Assert.Equal(2, lines.Count);
        Assert.Equal([Tokenizer.BosId, .. Tokenizer.EncodeToIds("one")], Ids(lines[0].GetProperty("ids")));
        Assert.Equal([Tokenizer.BosId, .. Tokenizer.EncodeToIds("two")], Ids(lines[1].GetProperty("ids")));
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("{\"text\":\"a\"}")]
    [InlineData("{\"prompt\":1}")]
    [InlineData("not json")]
    [InlineData("\"\\ud800\"")]
    public void Tokenize_BadLineInInputFile_IsFileErrorThatNamesIt(string line)
    {
        using var file = new TemporaryFile("\"fine\"\n" + line);

        CommandRun.Of("tokenize", "--input", file.Path).ExpectError(4, file.Path, "line 2");
    }

    [Fact]
    public void Tokenize_Chat_EncodesTheModelsTemplate()
    {
        using var file = new TemporaryFile("""
            {"messages":[{"role":"user","content":"Hi."},{"role":"assistant","content":"Hello!"},
            {"role":"user","content":[{"type":"text","text":"What is 1 + 1?"}]}]}
            """);
        var expected = ChatTemplate.For(Tokenizer).Encode(
            [new(MessageRole.User, "Hi."), new(MessageRole.Assistant, "Hello!"), new(MessageRole.User, "What is 1 + 1?")]);

        var json = CommandRun.Of("tokenize", "--chat", file.Path, "--format", "json").Expect(0).Json;

        Assert.Equal(expected, Ids(json.GetProperty("ids")));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"messages\":[]}")]
    [InlineData("{\"messages\":[{\"role\":\"robot\",\"content\":\"x\"}]}")]
    [InlineData("{\"messages\":[{\"role\":\"user\"}]}")]
    [InlineData("{\"messages\":[\"x\"]}")]
    [InlineData("{\"messages\":[{\"role\":\"assistant\",\"content\":\"x\"}]}")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"tools\":[{}]}")]
    public void Tokenize_ChatThatIsNone_IsFileError(string chat)
    {
        using var file = new TemporaryFile(chat);

        CommandRun.Of("tokenize", "--chat", file.Path).ExpectError(4);
    }

    [Fact]
    public void Tokenize_IdPastTheVocabulary_IsUsageError()
    {
        CommandRun.Of("tokenize", "--decode", "1,999999").ExpectError(2, "--decode", "999999");
        CommandRun.Of("tokenize", "--prompt-ids", "999999").ExpectError(2, "--prompt-ids", "999999");
    }

    [Fact]
    [Trait(Needs.Trait, Needs.Shared)]
    public void Tokenize_TokenizerFileAlone_IsEnough()
    {
        string path = SharedData.PathOf("data/tokenizers/tokenizer.model.v1");

        var json = CommandRun.Of("tokenize", "Hello there", "--model", path, "--format", "json").Expect(0).Json;

        Assert.Equal([1, 22557, 736], Ids(json.GetProperty("ids")));
    }

    private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];
}

using System.Text.Json;
using Mistral.Ilgpu.Chat;
using Mistral.Ilgpu.Cli;
using Mistral.Ilgpu.Tokenization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

public sealed class ChatTests(RandomModel model) : IClassFixture<RandomModel>
{
    [Fact]
    public void Chat_PipedLines_AnswersEachTurnWithinTheConversation()
    {
        var turns = Chat("ab\n\ncd\n");

        Assert.Equal(2, turns.Count);
        var template = ChatTemplate.For(model.Tokenizer);
        Assert.Equal(template.Encode([new(MessageRole.User, "ab")]), Ids(turns[0], "prompt_ids"));
        string answer = turns[0].GetProperty("text").GetString()!;
        Assert.Equal(
            template.Encode([new(MessageRole.User, "ab"), new(MessageRole.Assistant, answer), new(MessageRole.User, "cd")]),
            Ids(turns[1], "prompt_ids"));
    }

    [Fact]
    public void Chat_Reset_ForgetsTheConversation()
    {
        var turns = Chat("ab\n/reset\nab\n");

        Assert.Equal(Ids(turns[0], "prompt_ids"), Ids(turns[1], "prompt_ids"));
        Assert.Equal(Ids(turns[0], "ids"), Ids(turns[1], "ids"));
    }

    [Fact]
    public void Chat_System_BeginsTheConversation()
    {
        var turns = Chat("/system be good\nab\n");

        Assert.Equal(
            ChatTemplate.For(model.Tokenizer).Encode([new(MessageRole.System, "be good"), new(MessageRole.User, "ab")]),
            Ids(turns[0], "prompt_ids"));
    }

    [Fact]
    public void Chat_TurnsReadFromTheCache_AnswerAsTheWholeConversationWould()
    {
        var turns = Chat("ab\ncd\nef\n");
        int[] whole = Ids(turns[2], "prompt_ids");

        var alone = model.Run("generate", "--prompt-ids", string.Join(',', whole), "--max-tokens", "6", "--format", "json").Expect(0).Json;

        Assert.Equal(Ids(alone, "ids"), Ids(turns[2], "ids"));
    }

    [Fact]
    public void Chat_ExitAndHelp_AreObeyed()
    {
        var run = model.RunWithInput("/help\n/nonsense\n/exit\nab\n", "chat").Expect(0);

        Assert.Empty(run.Output);
        Assert.Contains("/reset", run.Error, StringComparison.Ordinal);
        Assert.Contains("/nonsense", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Chat_TurnPastTheContext_IsRefusedAndTheConversationGoesOn()
    {
        var run = model.RunWithInput($"{new string('a', 60)}\n/reset\nab\n", "chat", "--context", "40", "--max-tokens", "2").Expect(0);

        Assert.Single(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("context", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Chat_ContextFullPiped_SaysWhatToDoAndDropsWhenTold()
    {
        string input = $"{Long}\n{Long}\n/drop 1\n{Long}\n/drop 9\n";

        var run = model.RunWithInput(input, "chat", "--context", "60", "--max-tokens", "2", "--format", "json").Expect(0);

        Assert.Equal(2, run.JsonLines.Count);
        Assert.Equal(Ids(run.JsonLines[0], "prompt_ids"), Ids(run.JsonLines[1], "prompt_ids"));
        Assert.Contains("/drop 1 forgets the oldest turns", run.Error, StringComparison.Ordinal);
        Assert.Contains("--drop-oldest", run.Error, StringComparison.Ordinal);
        Assert.Contains("/drop: found '9', expected from 1 to 1", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Chat_DropOldest_GoesOnForEver()
    {
        string input = string.Concat(Enumerable.Repeat("ab\n", 8));

        var run = model.RunWithInput(input, "chat", "--context", "60", "--max-tokens", "2", "--system", "c", "--drop-oldest", "--format", "json").Expect(0);

        Assert.Equal(8, run.JsonLines.Count);
        Assert.Contains("the oldest", run.Error, StringComparison.Ordinal);
        // What the model is told to be stays: the last turn is the same with the last few turns before it.
        var kept = ChatTemplate.For(model.Tokenizer).Encode([new(MessageRole.System, "c"), new(MessageRole.User, "ab")]);
        Assert.All(run.JsonLines, line => Assert.Equal(kept.Take(8), Ids(line, "prompt_ids").Take(8)));
        Assert.All(run.JsonLines, line => Assert.InRange(Ids(line, "prompt_ids").Length, kept.Count, 60));
    }

    [Theory]
    [InlineData("\r", 2)]
    [InlineData("y\r", 2)]
    [InlineData("n\r", 1)]
    public void Chat_ContextFullAtTheTerminal_OffersToDropTheOldest(string answer, int answered)
    {
        var run = AtTerminal($"{Long}\r{Long}\r{answer}\x04", "--context", "60", "--max-tokens", "2");

        Assert.Equal(answered, run.JsonLines.Count);
        Assert.Contains("drop the oldest 1 of 1 turns and go on? [Y/n]", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Chat_PastedLines_AreOneTurn()
    {
        var turn = Assert.Single(AtTerminal("\e[200~ab\rcd\ref\e[201~\r\x04", "--max-tokens", "2").JsonLines);

        Assert.Equal(ChatTemplate.For(model.Tokenizer).Encode([new(MessageRole.User, "ab\ncd\nef")]), Ids(turn, "prompt_ids"));
    }

    [Fact]
    public void Chat_Question_IsAnsweredAndTheCommandEnds()
    {
        var run = model.RunWithInput("cd\n", "chat", "ab", "--system", "c", "--max-tokens", "6", "--format", "json").Expect(0);

        Assert.Equal(
            ChatTemplate.For(model.Tokenizer).Encode([new(MessageRole.System, "c"), new(MessageRole.User, "ab")]), Ids(Assert.Single(run.JsonLines), "prompt_ids"));
        model.Run("chat", Long, "--context", "20").ExpectError(2, "context");
    }

    [Fact]
    public void Generate_ChatFile_AnswersAsChatDoes()
    {
        using var file = new TemporaryFile("""{"messages":[{"role":"user","content":"ab"}]}""");
        var expected = model.RunWithInput("", "chat", "ab", "--system", "c", "--max-tokens", "6", "--format", "json").Expect(0).Json;

        var json = model.Run("generate", "--chat", file.Path, "--system", "c", "--max-tokens", "6", "--format", "json").Expect(0).Json;

        Assert.Equal(Ids(expected, "prompt_ids"), Ids(json, "prompt_ids"));
        Assert.Equal(expected.GetProperty("text").GetString(), json.GetProperty("text").GetString());
    }

    [Fact]
    public void Generate_ChatFileWithOtherThings_IsRefused()
    {
        using var file = new TemporaryFile("""{"messages":[{"role":"system","content":"c"},{"role":"user","content":"ab"}]}""");
        model.Run("generate", "--chat", file.Path, "--system", "d").ExpectError(2, "--system");
        model.Run("generate", "ab", "--chat", file.Path).ExpectError(2, "--chat");
        model.Run("generate", "--chat", file.Path, "--suffix", "b").ExpectError(2, "--suffix");
        model.Run("generate", "ab", "--system", "d").ExpectError(2, "--system");
        model.Run("generate", "--chat", file.Path, "--output", "x").ExpectError(2, "--output");
        model.Run("generate", "--chat", "no/such/file").ExpectError(4, "no/such/file");
    }

    private static string Long => new('a', 30);

    private CommandRun AtTerminal(string keys, params string[] options)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        using var terminal = new Terminal(TextReader.Null, output, error)
        {
            IsInputInteractive = true,
            IsErrorInteractive = true,
            Keyboard = new TypedKeys(keys, width: 200),
        };
        int code = CommandLine.Run(["chat", "--model", model.Folder, "--device", "cpu", "--format", "json", "--quiet", .. options], terminal);
        return new CommandRun(code, output.ToString(), error.ToString()).Expect(0);
    }

    private IReadOnlyList<JsonElement> Chat(string input) =>
        model.RunWithInput(input, "chat", "--max-tokens", "6", "--format", "json").Expect(0).JsonLines;

    private static int[] Ids(JsonElement json, string name) =>
        [.. json.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}

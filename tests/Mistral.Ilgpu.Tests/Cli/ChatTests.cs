using System.Text.Json;
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
        Assert.Equal(template.Encode([new(ChatRole.User, "ab")]), Ids(turns[0], "prompt_ids"));
        string answer = turns[0].GetProperty("text").GetString()!;
        Assert.Equal(
            template.Encode([new(ChatRole.User, "ab"), new(ChatRole.Assistant, answer), new(ChatRole.User, "cd")]),
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
            ChatTemplate.For(model.Tokenizer).Encode([new(ChatRole.System, "be good"), new(ChatRole.User, "ab")]),
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

    private IReadOnlyList<JsonElement> Chat(string input) =>
        model.RunWithInput(input, "chat", "--max-tokens", "6", "--format", "json").Expect(0).JsonLines;

    private static int[] Ids(JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
}

using System.Text.Json;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary><c>generate --input</c>: many prompts at once, in order, and gone on with after an interruption.</summary>
public sealed class GenerateManyTests : IDisposable
{
    private static readonly string[] Prompts = ["Once upon a time", "One day", "A small fox", "Lily", "Tom had", "The king", "She"];

    private readonly TemporaryFolder _folder = new();

    public GenerateManyTests() => File.WriteAllLines(Input, Prompts.Select(prompt => JsonSerializer.Serialize(prompt)));

    private string Input => _folder.File("prompts.jsonl");

    private string Output => _folder.File("results.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void GenerateMany_AnyBatch_WritesThePromptsResultsInOrder()
    {
        string[] one = [.. Lines(CommandRun.Of(Arguments("--batch", "1")).Expect(0).Output).Select(line => Ids(JsonElement.Parse(line)))];
        string[] three = [.. Lines(CommandRun.Of(Arguments("--batch", "3")).Expect(0).Output).Select(line => Ids(JsonElement.Parse(line)))];
        string alone = Ids(CommandRun.Of("generate", Prompts[5], "--max-tokens", "9", "--device", "cpu", "--format", "json", "--quiet").Expect(0).Json);
        Assert.Equal(Prompts.Length, one.Length);
        Assert.Equal(one, three);
        Assert.Equal(alone, one[5]);
    }

    [Fact]
    public void GenerateMany_ToAnInterruptedFile_GoesOnWhereItEnded()
    {
        CommandRun.Of(Arguments("--output", Output)).Expect(0);
        string whole = File.ReadAllText(Output);
        // Three lines and a half.
        int cut = whole.IndexOf(Lines(whole)[3], StringComparison.Ordinal) + 30;
        File.WriteAllText(Output, whole[..cut]);
        var run = CommandRun.Of([.. Arguments("--output", Output).Where(argument => argument != "--quiet")]).Expect(0);
        Assert.Contains("3 of 7", run.Error, StringComparison.Ordinal);
        Assert.Equal(Lines(whole).Select(line => Ids(JsonElement.Parse(line))), Lines(File.ReadAllText(Output)).Select(line => Ids(JsonElement.Parse(line))));
        Assert.StartsWith(string.Join('\n', Lines(whole)[..3]), File.ReadAllText(Output), StringComparison.Ordinal);
    }

    [Fact]
    public void GenerateMany_ToResultsOfOtherPrompts_IsRefusedAndChangesNothing()
    {
        CommandRun.Of(Arguments("--output", Output)).Expect(0);
        string before = File.ReadAllText(Output);
        File.WriteAllLines(Input, Prompts.Reverse().Select(prompt => JsonSerializer.Serialize(prompt)));
        var run = CommandRun.Of(Arguments("--output", Output)).Expect(4);
        Assert.Contains("results.jsonl, line 1: prompt_ids", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(Output));
    }

    [Fact]
    public void GenerateMany_PromptBeyondTheContext_NamesItBeforeAnythingIsComputed()
    {
        var run = CommandRun.Of(Arguments("--context", "3")).Expect(2);
        Assert.Contains("prompt 1: found", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public void Generate_BatchWithoutInput_IsRefused() =>
        Assert.Contains("--input", CommandRun.Of("generate", "x", "--batch", "2").Expect(2).Error, StringComparison.Ordinal);

    private string[] Arguments(params string[] more) =>
        ["generate", "--input", Input, "--max-tokens", "9", "--device", "cpu", "--quiet", .. more];

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Ids(JsonElement result) => result.GetProperty("prompt_ids").GetRawText() + result.GetProperty("ids").GetRawText();
}

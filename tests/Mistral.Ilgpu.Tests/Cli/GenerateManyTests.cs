using System.Text.Json;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary><c>generate --input</c>: many prompts at once, in order, and gone on with after an interruption.</summary>
public sealed class GenerateManyTests : IDisposable
{
    private static readonly string[] Prompts =
        ["Once upon a time", "One day", "A small fox", "Lily", "Tom had", "The king", "She"];

    private readonly TemporaryFolder _folder = new();

    public GenerateManyTests() => File.WriteAllLines(Input, Prompts.Select(prompt => JsonSerializer.Serialize(prompt)));

    private string Input => _folder.File("prompts.jsonl");

    private string Output => _folder.File("results.jsonl");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void GenerateMany_AnyBatch_WritesThePromptsResultsInOrder()
    {
        string[] one =
            [.. Lines(CommandRun.Of(Arguments("--batch", "1")).Expect(0).Output).Select(line => Ids(JsonElement.Parse(line)))];
        string[] three =
            [.. Lines(CommandRun.Of(Arguments("--batch", "3")).Expect(0).Output).Select(line => Ids(JsonElement.Parse(line)))];
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
        Assert.Equal(
            Lines(whole).Select(line => Ids(JsonElement.Parse(line))),
            Lines(File.ReadAllText(Output)).Select(line => Ids(JsonElement.Parse(line))));
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

    [Theory]
    [InlineData("settings.temperature: found 0, expected 0.5", "--temperature", "0.5")]
    [InlineData("settings.repeat-penalty: found 1, expected 1.5", "--repeat-penalty", "1.5")]
    [InlineData("settings.stop: found [], expected [\"é\"]", "--stop", "é")]
    [InlineData("settings.type: found null, expected \"f16\"", "--type", "f16")]
    [InlineData("settings.sliding-window: found null, expected 32", "--sliding-window", "32")]
    public void GenerateMany_ToResultsOfOtherSettings_NamesTheDifferenceAndChangesNothing(
        string difference, params string[] options)
    {
        CommandRun.Of(Arguments("--output", Output)).Expect(0);
        string before = File.ReadAllText(Output);
        CommandRun.Of([.. Arguments("--output", Output), .. options]).ExpectError(4, $"results.jsonl, line 1: {difference}");
        Assert.Equal(before, File.ReadAllText(Output));
    }

    [Fact]
    public void GenerateMany_ToResultsOfAnotherModel_SaysSo()
    {
        File.WriteAllText(_folder.File("params.json"), """{"dim": 64, "n_layers": 2, "hidden_dim": 128, "n_heads": 4, "n_kv_heads": 2, "norm_eps": 1e-5, "vocab_size": 300}""");
        string model = $"random:{_folder.File("params.json")}";
        File.WriteAllText(Input, "\"a\"");
        CommandRun.Of(Arguments("--output", Output, "--model", model)).Expect(0);

        CommandRun.Of(Arguments("--output", Output, "--model", $"{model}:q8_0"))
            .ExpectError(4, "settings.model", "another model");
    }

    [Fact]
    public void GenerateMany_WithoutSeed_GoesOnWithTheFilesSeed()
    {
        string[] drawn = Arguments("--output", Output, "--temperature", "1.5");
        CommandRun.Of(drawn).Expect(0);
        string whole = File.ReadAllText(Output);
        File.WriteAllText(Output, whole[..(whole.IndexOf('\n', StringComparison.Ordinal) + 1)]);

        CommandRun.Of(drawn).Expect(0);

        Assert.Equal(
            Lines(whole).Select(line => Ids(JsonElement.Parse(line))),
            Lines(File.ReadAllText(Output)).Select(line => Ids(JsonElement.Parse(line))));
        CommandRun.Of([.. drawn, "--seed", "1"]).ExpectError(4, "settings.seed");
    }

    [Theory]
    [InlineData("[1]", "found JSON Array")]
    [InlineData("""{"prompt_ids":[1,2.5]}""", "prompt_ids: found 2.5")]
    [InlineData("""{"prompt_ids":[99999999999]}""", "prompt_ids: found 99999999999")]
    [InlineData("""{"ids":[1]}""", "found no prompt_ids")]
    [InlineData("""{"prompt_ids":[1],"settings":{"seed":"\ud800"}}""", "not valid JSON")]
    [InlineData("{", "not valid JSON")]
    public void GenerateMany_ToAFileOfOtherThings_SaysWhatIsFound(string line, string message)
    {
        File.WriteAllText(Output, line + "\n");
        CommandRun.Of(Arguments("--output", Output)).ExpectError(4, "results.jsonl, line 1", message);
    }

    [Fact]
    public void GenerateMany_PromptBeyondTheContext_GetsAnErrorAndTheOthersGoOn()
    {
        var run = CommandRun.Of(Arguments("--context", "4", "--output", Output));

        run.ExpectError(4, "1 of 7 texts failed");
        var lines = Lines(File.ReadAllText(Output)).Select(line => JsonElement.Parse(line)).ToList();
        Assert.Equal(Prompts.Length, lines.Count);
        var failed = Assert.Single(lines, line => line.TryGetProperty("error", out _));
        Assert.Contains("context", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
        // Kept, and told of again, when the run is repeated.
        CommandRun.Of(Arguments("--context", "4", "--output", Output)).ExpectError(4, "1 of 7 texts failed");
        Assert.Equal(Prompts.Length, Lines(File.ReadAllText(Output)).Length);
    }

    [Fact]
    public void Score_TextBeyondTheContext_GetsAnErrorAndTheOthersGoOn()
    {
        var run = CommandRun.Of("score", "--input", Input, "--device", "cpu", "--context", "4", "--quiet");

        run.ExpectError(4, "1 of 7 texts failed");
        Assert.Equal([.. Prompts.Select((_, i) => i == 0)], run.JsonLines.Select(line => line.TryGetProperty("error", out _)));
    }

    [Fact]
    public void GenerateMany_ToAFileThatCannotBeWritten_SaysSoBeforeTheModelIsLoaded()
    {
        var run = CommandRun.Of(
            Arguments("--output", _folder.File("none/results.jsonl")).Where(argument => argument != "--quiet").ToArray());

        run.ExpectError(4, "--output", "none/results.jsonl");
        Assert.DoesNotContain("device cpu", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--trace")]
    [InlineData("--html")]
    public void Profile_ToAFileThatCannotBeWritten_SaysSoBeforeTheModelIsLoaded(string option)
    {
        var run = CommandRun.Of("profile", "--device", "cpu", option, _folder.Path);

        run.ExpectError(4, option, _folder.Path);
        Assert.DoesNotContain("device cpu", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_BatchWithoutInput_IsRefused() =>
        Assert.Contains("--input", CommandRun.Of("generate", "x", "--batch", "2").Expect(2).Error, StringComparison.Ordinal);

    private string[] Arguments(params string[] more) =>
        ["generate", "--input", Input, "--max-tokens", "9", "--device", "cpu", "--quiet", .. more];

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Ids(JsonElement result) =>
        result.GetProperty("prompt_ids").GetRawText() + result.GetProperty("ids").GetRawText();
}

using System.CommandLine.Parsing;
using System.Diagnostics;
using Mistral.Ilgpu.Cli;
using Mistral.Ilgpu.Cli.Options;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>Help, short options, and completion in the shell.</summary>
public sealed class HelpTests
{
    [Theory]
    [InlineData("generate")]
    [InlineData("chat")]
    [InlineData("serve")]
    [InlineData("score")]
    [InlineData("tokenize")]
    [InlineData("inspect")]
    [InlineData("convert")]
    [InlineData("pull")]
    [InlineData("bench")]
    [InlineData("bench", "attention")]
    [InlineData("bench", "load")]
    [InlineData("profile")]
    [InlineData("devices")]
    [InlineData("kernels")]
    [InlineData("completion")]
    public void Help_OfEachCommand_EndsWithExamplesThatParse(params string[] command)
    {
        string help = CommandRun.Of([.. command, "--help"]).Expect(0).Output;

        string[] examples = help[help.IndexOf("Examples:", StringComparison.Ordinal)..].Split(
            '\n', StringSplitOptions.RemoveEmptyEntries)[1..];
        Assert.NotEmpty(examples);
        using var terminal = new Terminal(TextReader.Null, TextWriter.Null, TextWriter.Null);
        foreach (string example in examples)
        {
            int start = example.IndexOf("mistral ", StringComparison.Ordinal);
            string line = example[start..].Split(" < ")[0].Split(" > ")[0].Split(" | ")[0].Split("  #")[0].Split(')')[0];
            string[] words = [.. CommandLineParser.SplitCommandLine(line).Skip(1)];
            Assert.Equal(command, words[..command.Length]);
            var parse = CommandLine.Root(terminal).Parse(words, CommandLine.Parser);
            Assert.Null(ParseProblem.Of(parse, words));
        }
    }

    [Fact]
    public void Help_OfAll_SaysWhereExamplesAre() =>
        Assert.Contains("mistral COMMAND --help", CommandRun.Of("--help").Expect(0).Output, StringComparison.Ordinal);

    [Fact]
    public void ShortOptions_AreTheLongOnes()
    {
        string expected = CommandRun.Of(
            "generate", "One day", "--model", "tiny", "--device", "cpu", "--max-tokens", "5", "--temperature", "0", "--context", "50", "--quiet").Expect(0).Output;

        var run = CommandRun.Of("generate", "One day", "-m", "tiny", "-d", "cpu", "-n", "5", "-t", "0", "-c", "50", "-q")
            .Expect(0);

        Assert.Equal(expected, run.Output);
        Assert.Empty(run.Error);
    }

    [Theory]
    [InlineData("gen", "generate")]
    [InlineData("generate --temp", "--temperature")]
    [InlineData("generate hi --device c", "cpu", "cuda")]
    [InlineData("generate --type q4", "q4_0", "q4_k")]
    [InlineData("chat --format ", "json", "text")]
    [InlineData("completion ", "bash", "fish", "pwsh", "zsh")]
    [InlineData("bench a", "attention")]
    public void Suggest_OfALine_GivesWhatMayComeNext(string line, params string[] expected)
    {
        string[] found = CommandRun.Of($"[suggest:{line.Length}]", line)
            .Expect(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

        Assert.Empty(expected.Except(found));
    }

    [Fact]
    public void Prompt_ThatLooksLikeADirective_IsAPrompt() => Assert.Equal(
        CommandRun.WithInput("[suggest]", "tokenize").Expect(0).Output, CommandRun.Of("tokenize", "[suggest]").Expect(0).Output);

    [Fact]
    public void Completion_OfAnotherShell_IsRefused() =>
        CommandRun.Of("completion", "bsh").ExpectError(2, "'bsh'", "did you mean 'bash'?");

    [Theory]
    [InlineData("bash", "COMP_WORDS=(mistral generate --dev); COMP_CWORD=2; COMP_LINE='mistral generate --dev'; COMP_POINT=${#COMP_LINE}; _mistral; echo \"${COMPREPLY[@]}\"", "--device")]
    [InlineData("bash", "COMP_WORDS=(mistral generate --device ''); COMP_CWORD=3; COMP_LINE='mistral generate --device '; COMP_POINT=${#COMP_LINE}; _mistral; echo \"${COMPREPLY[@]}\"", "auto cpu cuda opencl")]
    [InlineData("fish", "complete -C 'mistral generate --devi'", "--device")]
    [InlineData("zsh", "words=(mistral generate --dev); CURRENT=3; compadd() { print -l -- \"${(@P)2}\" }; _mistral", "--device")]
    public void Completion_Script_CompletesInItsShell(string shell, string asked, string expected)
    {
        Assert.SkipUnless(HasShell(shell), $"no {shell} here");
        string script = CommandRun.Of("completion", shell).Expect(0).Output;
        string program = Path.Combine(AppContext.BaseDirectory, "mistral.dll");
        string define = shell == "fish"
            ? $"function mistral; dotnet '{program}' $argv; end"
            : $"mistral() {{ dotnet '{program}' \"$@\"; }}";
        string before = shell == "zsh" ? "compdef() { : }" : "";

        using var process = Process.Start(
            new ProcessStartInfo(shell, ["-c", $"{before}\n{define}\n{script}\n{asked}"]) { RedirectStandardOutput = true })!;

        Assert.Equal(expected, process.StandardOutput.ReadToEnd().Trim());
    }

    private static bool HasShell(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, name)));
}

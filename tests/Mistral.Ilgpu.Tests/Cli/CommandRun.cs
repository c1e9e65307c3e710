using System.Text.Json;
using Mistral.Ilgpu.Cli;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>What a command wrote and how it ended, run in this process.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Error)
{
    public JsonElement Json => Parse(Output);

    public IReadOnlyList<JsonElement> JsonLines => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];

    public static CommandRun Of(params string[] args) => WithInput("", args);

    public static CommandRun WithInput(string input, params string[] args) => Run(input, isInteractive: false, args);

    /// <summary>As at a terminal, where nothing is piped in.</summary>
    public static CommandRun AtTerminal(params string[] args) => Run("", isInteractive: true, args);

    /// <summary>Runs on the CPU accelerator, which is everywhere.</summary>
    public static CommandRun OnCpu(params string[] args) => Of([.. args, "--device", "cpu"]);

    /// <summary>It ended as it should; its messages explain if not.</summary>
    public CommandRun Expect(int exitCode)
    {
        Assert.True(exitCode == ExitCode, $"exit code {ExitCode}, expected {exitCode}: {Error}");
        return this;
    }

    /// <summary>It ended with one line of error that names what is wrong.</summary>
    public void ExpectError(int exitCode, params string[] named)
    {
        Expect(exitCode);
        string line = Assert.Single(
            Error.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => line.StartsWith("mistral: ", StringComparison.Ordinal));
        Assert.All(named, name => Assert.Contains(name, line, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
    }

    private static CommandRun Run(string input, bool isInteractive, string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        using var terminal = new Terminal(new StringReader(input), output, error) { IsInputInteractive = isInteractive };
        int code = CommandLine.Run(args, terminal);
        return new CommandRun(code, output.ToString(), error.ToString());
    }

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}

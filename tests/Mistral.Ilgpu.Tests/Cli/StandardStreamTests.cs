using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>Streams that are closed or full when the process starts.</summary>
public sealed class StandardStreamTests
{
    public StandardStreamTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "/dev/full is Linux's");

    [Theory]
    [InlineData("2>/dev/full")]
    [InlineData("2>&-")]
    public async Task Generate_MessagesCannotBeWritten_KeepsTheResult(string redirection)
    {
        using var process = MistralProcess.Start(
            redirection, "generate", "Once upon a time", "--device", "cpu", "--max-tokens", "2");
        var run = await process.End();
        Assert.Equal((0, " there was\n"), (run.ExitCode, run.Output));
    }

    [Fact]
    public async Task Tokenize_DiskFull_SaysSo()
    {
        using var process = MistralProcess.Start(">/dev/full", "tokenize", "Once");
        (await process.End()).ExpectError(4, "standard output: results cannot be written: No space left on device");
    }

    [Fact]
    public async Task Tokenize_NothingCanBeWritten_LeavesWith4()
    {
        using var process = MistralProcess.Start(">/dev/full 2>/dev/full", "tokenize", "Once");
        Assert.Equal(4, (await process.End()).ExitCode);
    }

    [Theory]
    [InlineData(">&-")]
    [InlineData(">&- 2>&-")]
    public async Task Tokenize_OutputClosed_EndsQuietly(string redirection)
    {
        using var process = MistralProcess.Start(redirection, "tokenize", "Once");
        var run = await process.End();
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
    }
}

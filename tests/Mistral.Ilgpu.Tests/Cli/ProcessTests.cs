using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>What only a process of its own can show: signals and pipes.</summary>
public sealed class ProcessTests(RandomModel model) : IClassFixture<RandomModel>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Generate_Interrupted_GivesTheTextSoFarAndLeavesWith130()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "signals are sent as on Unix");
        using var process = StartEndless("--format", "json");
        await WaitForModel(process);
        // Into the generation: the prefill is done in far less.
        await Task.Delay(500, Cancellation);

        await Interrupt(process);

        using var json = JsonDocument.Parse(await process.StandardOutput.ReadToEndAsync(Cancellation));
        await process.WaitForExitAsync(Cancellation).WaitAsync(Patience, Cancellation);
        Assert.Equal(130, process.ExitCode);
        Assert.Equal("cancelled", json.RootElement.GetProperty("finish_reason").GetString());
        Assert.True(json.RootElement.GetProperty("ids").GetArrayLength() > 0);
    }

    [Fact]
    public async Task Chat_InterruptedAtThePrompt_LeavesWith130()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "signals are sent as on Unix");
        using var process = Start("chat");
        await WaitForModel(process);
        await Task.Delay(500, Cancellation);

        await Interrupt(process);

        await process.WaitForExitAsync(Cancellation).WaitAsync(Patience, Cancellation);
        Assert.Equal(130, process.ExitCode);
    }

    [Fact]
    public async Task Generate_ReaderGone_EndsQuietly()
    {
        using var process = StartEndless();
        await WaitForModel(process);

        process.StandardOutput.Close();

        Assert.Empty(await process.StandardError.ReadToEndAsync(Cancellation).WaitAsync(Patience, Cancellation));
        await process.WaitForExitAsync(Cancellation).WaitAsync(Patience, Cancellation);
        Assert.Equal(0, process.ExitCode);
    }

    private static async Task WaitForModel(Process process)
    {
        string? line;
        do
        {
            line = await process.StandardError.ReadLineAsync(Cancellation).AsTask().WaitAsync(Patience, Cancellation);
            Assert.NotNull(line);
        }
        while (!line.StartsWith("model ", StringComparison.Ordinal));
    }

    private Process StartEndless(params string[] options) =>
        Start(["generate", "abc", "--max-tokens", "10000000", "--ignore-eos", .. options]);

    private Process Start(params string[] args) => Process.Start(new ProcessStartInfo(
        "dotnet", [Path.Combine(AppContext.BaseDirectory, "mistral.dll"), .. args, "--model", model.Folder, "--device", "cpu"])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static async Task Interrupt(Process process)
    {
        using var kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(Cancellation);
        Assert.Equal(0, kill.ExitCode);
    }
}

using System.Globalization;
using System.Text;
using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>Signals that end a process: nothing half written stays, on disk or on the screen.</summary>
public sealed class SignalTests
{
    private const string ShowCursor = "\e[?25h";
    private const string HideCursor = "\e[?25l";

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    public async Task Convert_Signalled_LeavesNothingHalfWritten(string signal, int exitCode)
    {
        Assert.SkipWhen(IsIgnored(exitCode - 128), $"what started the tests, as nohup does, has {signal} ignored");
        using var folder = new TemporaryFolder();
        using var process = MistralProcess.StartOnTerminal("convert", "random:250m", folder.File("out.gguf"), "--type", "q4_k");
        int id = int.Parse((await MistralProcess.LineOf(process.Output, "pid ")).AsSpan(4), CultureInfo.InvariantCulture);
        await ReadUntil(process.Output, HideCursor);

        await process.Signal(signal, id);

        var run = await process.End();
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(ShowCursor, run.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Convert_SignalledTwice_LeavesNothingHalfWritten()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are sent as on Unix");
        using var folder = new TemporaryFolder();
        using var watcher = new FileSystemWatcher(folder.Path);
        var created = new TaskCompletionSource();
        watcher.Created += (_, _) => created.TrySetResult();
        watcher.EnableRaisingEvents = true;
        using var process = MistralProcess.Start("", "convert", "random:250m", folder.File("out.gguf"), "--type", "q4_k");
        await created.Task.WaitAsync(MistralProcess.Patience, TestContext.Current.CancellationToken);

        // The second comes before the process can have handled the first.
        foreach (string signal in new[] { "STOP", "INT", "TERM", "CONT" })
        {
            await process.Signal(signal);
        }

        // Each signal has a thread of its own: either may be the last.
        Assert.Contains((await process.End()).ExitCode, new[] { 130, 143 });
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    [Trait(Needs.Trait, Needs.OpenCl)]
    public async Task Generate_InterruptedWhileKernelsCompile_LeavesWith130()
    {
        _ = TestDevice.Get("opencl");
        using var cache = new TemporaryFolder();
        using var process = MistralProcess.Start(
            "", [("XDG_CACHE_HOME", cache.Path), ("POCL_CACHE_DIR", cache.Path)], "generate", "Once", "--device", "opencl");
        await MistralProcess.LineOf(process.Error, "compiling kernels, once");

        await process.Signal("INT");

        var run = await process.End();
        Assert.Equal((130, ""), (run.ExitCode, run.Output));
        Assert.EndsWith("mistral: interrupted\n", run.Error, StringComparison.Ordinal);
    }

    // By this process, and so by those that it starts.
    private static bool IsIgnored(int signal)
    {
        const string Mask = "SigIgn:";
        string? line = File.Exists("/proc/self/status")
            ? File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Mask, StringComparison.Ordinal))
            : null;
        return line is not null && (ulong.Parse(line.AsSpan(Mask.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (signal - 1) & 1) == 1;
    }

    private static async Task ReadUntil(StreamReader reader, string text)
    {
        var seen = new StringBuilder();
        var buffer = new char[1];
        while (!seen.ToString().EndsWith(text, StringComparison.Ordinal))
        {
            Assert.Equal(1, await reader.ReadAsync(buffer, TestContext.Current.CancellationToken));
            seen.Append(buffer);
        }
    }
}

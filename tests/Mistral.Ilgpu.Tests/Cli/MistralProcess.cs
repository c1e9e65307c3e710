using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Mistral.Ilgpu.Tests.Cli;

/// <summary>The command line as a process of its own, started through a shell, which can close its streams.</summary>
internal sealed class MistralProcess : IDisposable
{
    /// <summary>Allows for a busy machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;

    private MistralProcess(Process process) => _process = process;

    public StreamReader Output => _process.StandardOutput;

    public StreamReader Error => _process.StandardError;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <param name="redirections">As a shell has them: <c>2&gt;/dev/full</c>.</param>
    public static MistralProcess Start(string redirections, params string[] args) => Start(redirections, [], args);

    /// <param name="environment">Variables that it has beside those of the tests.</param>
    public static MistralProcess Start(
        string redirections, (string Name, string Value)[] environment, params string[] args) => Start(
        string.Concat(environment.Select(variable => $"export {variable.Name}='{variable.Value}'; ")) + Command(redirections, args), "sh", "-c");

    /// <summary>On a terminal, whose screen is the process's output, errors included. Skips the test where there is no program
    /// for that.</summary>
    public static MistralProcess StartOnTerminal(params string[] args)
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && File.Exists("/usr/bin/script"), "no script (util-linux) to make a terminal");
        return Start($"echo pid $$; {Command("", args)}", "script", "-qefc", "/dev/null");
    }

    /// <summary>Reads until a line that begins so has come.</summary>
    public static async Task<string> LineOf(StreamReader reader, string beginning)
    {
        while (await reader.ReadLineAsync(Cancellation).AsTask().WaitAsync(Patience, Cancellation) is { } line)
        {
            if (line.StartsWith(beginning, StringComparison.Ordinal))
            {
                return line;
            }
        }

        throw new EndOfStreamException($"no line that begins with '{beginning}'");
    }

    /// <summary>Sends a signal to the process, or to one that it has started.</summary>
    public async Task Signal(string name, int? processId = null)
    {
        string id = (processId ?? _process.Id).ToString(CultureInfo.InvariantCulture);
        using var kill = Process.Start("kill", [$"-{name}", id]);
        await kill.WaitForExitAsync(Cancellation);
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Kills it, if it has not ended.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code, and what was not read yet.</returns>
    public async Task<CommandRun> End()
    {
        var output = Output.ReadToEndAsync(Cancellation);
        string error = await Error.ReadToEndAsync(Cancellation).WaitAsync(Patience, Cancellation);
        await _process.WaitForExitAsync(Cancellation).WaitAsync(Patience, Cancellation);
        return new CommandRun(_process.ExitCode, await output, error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private static string Command(string redirections, string[] args) =>
        $"exec dotnet '{Path.Combine(AppContext.BaseDirectory, "mistral.dll")}' {string.Join(' ', args.Select(arg => $"'{arg}'"))} {redirections}";

    private static MistralProcess Start(string command, string program, string option, params string[] rest) => new(Process.Start(
        new ProcessStartInfo(program, [option, command, .. rest])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
}

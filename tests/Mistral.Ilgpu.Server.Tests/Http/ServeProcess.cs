using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Http;

/// <summary><c>mistral serve</c> as a process of its own, on a port that is free.</summary>
internal sealed class ServeProcess : IAsyncDisposable
{
    // Allows for a busy machine.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly List<string> _lines;

    private ServeProcess(Process process, Uri address, List<string> lines)
    {
        (_process, _lines) = (process, lines);
        Http = new HttpClient { BaseAddress = address, Timeout = Patience };
    }

    public HttpClient Http { get; }

    public string Address => Http.BaseAddress!.ToString();

    /// <summary>Bytes of the process's memory.</summary>
    public long Memory
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>What it has written for people until it listened.</summary>
    public IReadOnlyList<string> Lines => _lines;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static Task<ServeProcess> StartAsync(params string[] options) => StartAsync([], options);

    /// <param name="variables">Variables of its environment.</param>
    public static async Task<ServeProcess> StartAsync(IEnumerable<(string Name, string Value)> variables, params string[] options)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "mistral.dll");
        var start = new ProcessStartInfo("dotnet", [program, "serve", "--device", "cpu", "--port", "0", .. options])
        {
            RedirectStandardError = true,
        };
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        List<string> lines = [];
        const string Listening = "listening on ";
        while (await process.StandardError.ReadLineAsync(Cancellation).AsTask().WaitAsync(Patience, Cancellation) is { } line)
        {
            lines.Add(line);
            if (line.StartsWith(Listening, StringComparison.Ordinal))
            {
                return new ServeProcess(
                    process, new Uri(line[Listening.Length..].Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)), lines);
            }
        }

        throw new EndOfStreamException(string.Join('\n', lines));
    }

    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(Cancellation);
    }

    /// <returns>The exit code, and what else it has written for people.</returns>
    public async Task<(int Code, string Error)> EndAsync()
    {
        string error = await _process.StandardError.ReadToEndAsync(Cancellation).WaitAsync(Patience, Cancellation);
        await _process.WaitForExitAsync(Cancellation).WaitAsync(Patience, Cancellation);
        return (_process.ExitCode, error);
    }

    public ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
        return ValueTask.CompletedTask;
    }
}

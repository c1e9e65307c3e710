using System.Diagnostics;

namespace Mistral.Ilgpu.Perf.Serving;

/// <summary><c>mistral serve</c> as a process of its own, on a port that is free.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const string Listening = "listening on ";
    private readonly Process _process;

    private ServerProcess(Process process, Uri address) => (_process, Address) = (process, address);

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Memory of the process now.</summary>
    public long Bytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <exception cref="EndOfStreamException">It ended before it listened.</exception>
    public static async Task<ServerProcess> StartAsync(string model, string device, int texts, int waiting)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "mistral.dll");
        var process = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                program, "serve", "--model", model, "--device", device, "--port", "0",
                "--max-texts", $"{texts}", "--max-waiting", $"{waiting}", "--drain", "0",
            ])
        {
            RedirectStandardError = true,
            RedirectStandardInput = true,
            Environment = { ["DOTNET_STARTUP_HOOKS"] = typeof(ServerProcess).Assembly.Location },
        })!;
        List<string> lines = [];
        while (await process.StandardError.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            lines.Add(line);
            if (line.StartsWith(Listening, StringComparison.Ordinal))
            {
                // What it writes must be read, or it would wait.
                _ = process.StandardError.BaseStream.CopyToAsync(Console.OpenStandardError());
                return new ServerProcess(process, new Uri(line[Listening.Length..]));
            }
        }

        throw new EndOfStreamException($"the server ended before it listened: {string.Join('\n', lines)}");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}

using System.Net.Http.Json;
using System.Text.Json;
using Mistral.Ilgpu.Tests;
using Mistral.Ilgpu.Tests.Chat;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Http;

/// <summary>Three processes for clients of npm: one serves <c>tiny</c>, the others models with tools. In the chat format of one
/// each call begins with a token of its own, and in that of the other calls are a list.</summary>
public sealed class NpmServers : IAsyncLifetime
{
    private readonly TemporaryFolder _marked = new();
    private readonly TemporaryFolder _listed = new();
    private readonly Dictionary<string, string> _variables = [];
    private readonly List<ServeProcess> _processes = [];

    /// <summary>The folder with the clients' packages.</summary>
    public static string Clients { get; } = Path.Combine(Repository.Root, "tests", "Mistral.Ilgpu.Server.Tests", "clients");

    /// <summary>Why no client can run; null if they can.</summary>
    public static string? Missing { get; } =
        !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(path => File.Exists(Path.Combine(path, OperatingSystem.IsWindows() ? "node.exe" : "node")))
            ? "no node on PATH"
            : Directory.Exists(Path.Combine(Clients, "node_modules")) ? null : $"no packages: npm ci in {Clients}";

    /// <summary>Tells the clients where the servers are, and the names of the models.</summary>
    public IReadOnlyDictionary<string, string> Variables => _variables;

    public async ValueTask InitializeAsync()
    {
        if (Missing is not null)
        {
            return;
        }

        ToolCheckpoint.Write(_marked, "v11");
        ToolCheckpoint.Write(_listed, "v7");
        var starts = new[]
        {
            ("MISTRAL_TINY", ServeProcess.StartAsync()),
            ("MISTRAL_MARKED", ServeProcess.StartAsync("--model", _marked.Path)),
            ("MISTRAL_LISTED", ServeProcess.StartAsync("--model", _listed.Path)),
        };
        foreach (var (name, start) in starts)
        {
            var process = await start;
            _processes.Add(process);
            var models = await process.Http.GetFromJsonAsync<JsonElement>("/v1/models", TestContext.Current.CancellationToken);
            _variables[name] = process.Address;
            _variables[$"{name}_MODEL"] = models.GetProperty("data")[0].GetProperty("id").GetString()!;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _marked.Dispose();
        _listed.Dispose();
    }
}

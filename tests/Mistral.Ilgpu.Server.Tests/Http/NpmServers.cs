using System.Net.Http.Json;
using System.Text.Json;
using Mistral.Ilgpu.Tests;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Http;

/// <summary>Two processes for clients of npm: one serves <c>tiny</c>, the other a model whose chat format has tools.</summary>
public sealed class NpmServers : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>The folder with the clients' packages.</summary>
    public static string Clients { get; } = Path.Combine(Repository.Root, "tests", "Mistral.Ilgpu.Server.Tests", "clients");

    /// <summary>Why no client can run; null if they can.</summary>
    public static string? Missing { get; } =
        !(Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Any(path => File.Exists(Path.Combine(path, OperatingSystem.IsWindows() ? "node.exe" : "node")))
            ? "no node on PATH"
            : Directory.Exists(Path.Combine(Clients, "node_modules")) ? null : $"no packages: npm ci in {Clients}";

    internal ServeProcess Tiny { get; private set; } = null!;

    internal ServeProcess Tools { get; private set; } = null!;

    /// <summary>The name of the model with tools.</summary>
    public string ToolsModel { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        if (Missing is null)
        {
            ToolModel.Write(_folder, "v11");
            var tools = ServeProcess.StartAsync("--model", _folder.Path);
            Tiny = await ServeProcess.StartAsync();
            Tools = await tools;
            var models = await Tools.Http.GetFromJsonAsync<JsonElement>("/v1/models", TestContext.Current.CancellationToken);
            ToolsModel = models.GetProperty("data")[0].GetProperty("id").GetString()!;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Missing is null)
        {
            await Tiny.DisposeAsync();
            await Tools.DisposeAsync();
        }

        _folder.Dispose();
    }
}

using System.Diagnostics;
using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Http;

/// <summary>The clients that OpenAI, Anthropic and Vercel publish for JavaScript, against processes of their own. What they check
/// stands in <c>clients</c>.</summary>
[Trait(Needs.Trait, Needs.Npm)]
public sealed class NpmClientTests(NpmServers servers) : IClassFixture<NpmServers>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory(Explicit = true)]
    [InlineData("openai", 14)]
    [InlineData("anthropic", 6)]
    [InlineData("ai", 7)]
    public async Task Client_OfNpm_DrivesTheServer(string client, int checks)
    {
        Assert.SkipWhen(NpmServers.Missing is not null, NpmServers.Missing ?? "");

        var start = new ProcessStartInfo(
            "node", ["--test", "--test-reporter=tap", Path.Combine(NpmServers.Clients, $"{client}.test.mjs")])
        {
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in servers.Variables)
        {
            start.Environment[name] = value;
        }

        using var node = Process.Start(start)!;
        string output = await node.StandardOutput.ReadToEndAsync(Cancellation).WaitAsync(TimeSpan.FromMinutes(1), Cancellation);
        await node.WaitForExitAsync(Cancellation);

        Assert.True(node.ExitCode == 0 && output.Contains($"# pass {checks}\n", StringComparison.Ordinal), output);
    }
}

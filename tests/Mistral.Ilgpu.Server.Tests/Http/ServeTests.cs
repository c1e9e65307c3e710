using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Http;

/// <summary>The command as a process: what it serves, what it says, how it ends.</summary>
public sealed class ServeTests
{
    private const string Endless =
        """{"messages":[{"role":"user","content":"Tell me a story."}],"max_tokens":100000,"ignore_eos":true,"stream":true}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A text that is finished in time is finished, and another ends with an error: neither is cut.</summary>
    [Theory]
    [InlineData(400, 60, "length")]
    [InlineData(1_000_000, 0, "unavailable")]
    public async Task Stop_WhileATextRuns_FinishesOrRefuses(int tokens, int drain, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no signals");
        await using var server = await ServeProcess.StartAsync("--drain", $"{drain}");
        using var response = await SendAsync(server.Http, Endless.Replace("100000", $"{tokens}", StringComparison.Ordinal));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        _ = await reader.ReadLineAsync(Cancellation);

        await server.SignalAsync("TERM");
        string rest = await reader.ReadToEndAsync(Cancellation);
        var (code, _) = await server.EndAsync();

        Assert.Equal(0, code);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
        Assert.Contains($"\"{expected}\"", rest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_OnAllAddressesWithoutKeys_Warns()
    {
        await using var server = await ServeProcess.StartAsync("--host", "0.0.0.0");
        await server.SignalAsync("INT");
        var (_, error) = await server.EndAsync();

        Assert.Contains("no key is needed", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Serve_OnLoopback_DescribesItselfToItsOwnNamesAlone()
    {
        await using var server = await ServeProcess.StartAsync();

        var document = await server.Http.GetFromJsonAsync<JsonElement>("/openapi/v1.json", Cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.Host = "attacker.example";
        using var refused = await server.Http.SendAsync(request, Cancellation);

        var fields = document.GetProperty("components").GetProperty("schemas").GetProperty("ChatCompletionRequest")
            .GetProperty("properties");
        Assert.True(fields.TryGetProperty("max_completion_tokens", out _));
        Assert.Equal(2, fields.GetProperty("temperature").GetProperty("maximum").GetDouble());
        Assert.Equal(400, (int)refused.StatusCode);
    }

    /// <summary>A body that comes too slowly, or is promised too long, is refused before it has come.</summary>
    [Theory(Explicit = true), Trait(Needs.Trait, Needs.Time)]
    [InlineData(100, "408", "too slowly")]
    [InlineData(1 << 30, "413", "request_too_large")]
    public async Task Post_BodyThatDoesNotCome_IsRefused(int length, string status, string expected)
    {
        await using var server = await ServeProcess.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(server.Http.BaseAddress!.Host, server.Http.BaseAddress.Port, Cancellation);
        var stream = client.GetStream();
        string head = $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {length}\r\nConnection: close\r\n\r\n{{";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), Cancellation);

        using var reader = new StreamReader(stream);
        string response = await reader.ReadToEndAsync(Cancellation);

        Assert.StartsWith($"HTTP/1.1 {status}", response, StringComparison.Ordinal);
        Assert.Contains("\"error\"", response, StringComparison.Ordinal);
        Assert.Contains(expected, response, StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient http, string json) => http.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        },
        HttpCompletionOption.ResponseHeadersRead, Cancellation);
}

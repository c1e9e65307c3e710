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
    public async Task Serve_SeveralModels_LoadsTheOthersOnDemand()
    {
        await using var server = await ServeProcess.StartAsync("-m", "tiny", "-m", "tiny", "--idle-unload", "600");

        using var response = await server.Http.PostAsJsonAsync(
            "/v1/completions", new { model = "tiny-2", prompt = "Once", max_tokens = 2 }, Cancellation);
        var health = await server.Http.GetFromJsonAsync<JsonElement>("/health", Cancellation);

        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal("""{"tiny":"ok","tiny-2":"ok"}""", health.GetProperty("models").GetRawText());
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

    /// <summary>A body without a length is refused once it is too long, and the connection ends.</summary>
    [Fact]
    public async Task Post_BodyThatGrowsTooLong_IsRefused()
    {
        await using var server = await ServeProcess.StartAsync([("MistralServer__MaxBodyBytes", "1000")]);

        string response = await SendAsync(
            server, "Transfer-Encoding: chunked", string.Concat(Enumerable.Repeat($"100\r\n{new string('[', 256)}\r\n", 5)));
        await server.SignalAsync("TERM");
        var (_, error) = await server.EndAsync();

        Assert.StartsWith("HTTP/1.1 413", response, StringComparison.Ordinal);
        Assert.Contains("Connection: close", response, StringComparison.Ordinal);
        Assert.Equal("", error);
    }

    /// <summary>A body that comes too slowly, or is promised too long, is refused before it has come.</summary>
    [Theory(Explicit = true), Trait(Needs.Trait, Needs.Time)]
    [InlineData(100, "408", "too slowly")]
    [InlineData(1 << 30, "413", "request_too_large")]
    public async Task Post_BodyThatDoesNotCome_IsRefused(int length, string status, string expected)
    {
        await using var server = await ServeProcess.StartAsync();

        string response = await SendAsync(server, $"Content-Length: {length}", "{");
        await server.SignalAsync("TERM");
        var (_, log) = await server.EndAsync();

        Assert.Equal("", log);
        Assert.StartsWith($"HTTP/1.1 {status}", response, StringComparison.Ordinal);
        Assert.Contains("\"error\"", response, StringComparison.Ordinal);
        Assert.Contains(expected, response, StringComparison.Ordinal);
    }

    // What comes until the server ends the connection.
    private static async Task<string> SendAsync(ServeProcess server, string header, string body)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(server.Http.BaseAddress!.Host, server.Http.BaseAddress.Port, Cancellation);
        var stream = client.GetStream();
        string request = $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + $"{header}\r\n\r\n{body}";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), Cancellation);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(Cancellation);
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient http, string json) => http.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        },
        HttpCompletionOption.ResponseHeadersRead, Cancellation);
}

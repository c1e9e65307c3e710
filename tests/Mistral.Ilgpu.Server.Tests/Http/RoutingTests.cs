using System.Text.Json;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Http;

/// <summary>Requests that no endpoint takes.</summary>
[Collection(nameof(TinyServerCollection))]
public sealed class RoutingTests(TinyServer tiny)
{
    /// <summary>What routing refuses, too, has the shape that the path's clients read.</summary>
    [Theory]
    [InlineData("GET", "/v1/messages", 405, "invalid_request_error")]
    [InlineData("PUT", "/v1/messages/count_tokens", 405, "invalid_request_error")]
    [InlineData("POST", "/v1/messages", 415, "invalid_request_error")]
    [InlineData("POST", "/v1/messages/batches", 404, "not_found_error")]
    [InlineData("GET", "/v1/messages/batches/b1/results", 404, "not_found_error")]
    [InlineData("GET", "/v1/chat/completions", 405, null)]
    [InlineData("POST", "/v1/files", 404, null)]
    [InlineData("POST", "/v1/responses", 415, null)]
    public async Task Send_PathMethodOrTypeThatIsNone_IsRefusedInTheShapeOfItsClients(
        string method, string path, int status, string? expected)
    {
        await using var app = await ServedApp.StartAsync(tiny.Model);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = method == "POST" ? new StringContent("x", mediaType: new("text/plain")) : null;

        using var response = await app.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 405 ? "POST" : "", string.Concat(response.Content.Headers.Allow));
        var body = JsonElement.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(expected is not null, body.TryGetProperty("type", out _));
        var error = body.GetProperty("error");
        Assert.Equal(expected is null, error.TryGetProperty("param", out _));
        Assert.Equal(expected ?? error.GetProperty("type").GetString(), error.GetProperty("type").GetString());
    }
}

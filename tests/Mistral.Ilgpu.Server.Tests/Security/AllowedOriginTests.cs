using Microsoft.Extensions.Options;
using Mistral.Ilgpu.Server.Tests.Http;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Security;

/// <summary>Pages of other sites: none may ask unless its origin is allowed, as browsers decide it.</summary>
[Collection(nameof(TinyServerCollection))]
public sealed class AllowedOriginTests(TinyServer tiny)
{
    private const string Allowed = "https://page.example";
    private const string Other = "https://other.example";
    private const string Path = "/v1/chat/completions";
    private const string Body = """{"messages":[{"role":"user","content":"x"}],"max_tokens":2}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", Allowed, null)]
    [InlineData(Allowed, Allowed, Allowed)]
    [InlineData(Allowed, Other, null)]
    [InlineData("*", Other, "*")]
    public async Task Ask_FromAPage_IsAllowedToItsOriginAlone(string allows, string origin, string? expected)
    {
        await using var app = await ServedApp.StartAsync(tiny.Model, Allows(allows));

        using var preflight = await PreflightAsync(app.Http, Path, origin);
        using var whole = await app.PostAsync(Path, Body, ("Origin", origin));
        using var streamed = await app.PostAsync(Path, """{"stream":true,""" + Body[1..], ("Origin", origin));
        using var wrong = await app.PostAsync(Path, "{}", ("Origin", origin));
        using var missing = await app.PostAsync("/v1/none", "{}", ("Origin", origin));

        Assert.Equal(expected, OriginOf(preflight));
        Assert.Equal((200, expected), ((int)whole.StatusCode, OriginOf(whole)));
        Assert.Equal((200, expected), ((int)streamed.StatusCode, OriginOf(streamed)));
        Assert.Equal("text/event-stream", streamed.Content.Headers.ContentType!.MediaType);
        Assert.Equal((400, expected), ((int)wrong.StatusCode, OriginOf(wrong)));
        Assert.Equal((404, expected), ((int)missing.StatusCode, OriginOf(missing)));
    }

    /// <summary>A key, and what browsers ask about before: neither needs the key.</summary>
    [Theory]
    [InlineData(Path, "authorization,content-type")]
    [InlineData("/v1/messages", "x-api-key,anthropic-version,content-type")]
    public async Task Preflight_WithKeys_AllowsTheirHeaders(string path, string headers)
    {
        await using var app = await ServedApp.StartAsync(tiny.Model, options =>
        {
            options.AllowedOrigins.Add(Allowed);
            options.ApiKeys.Add("secret");
        });

        using var preflight = await PreflightAsync(app.Http, path, Allowed, headers);
        using var refused = await app.PostAsync(path, Body, ("Origin", Allowed));
        using var taken = await app.PostAsync(path, Body, ("Origin", Allowed), ("Authorization", "Bearer secret"));

        Assert.Equal(204, (int)preflight.StatusCode);
        Assert.Equal(headers, string.Join(',', preflight.Headers.GetValues("Access-Control-Allow-Headers")));
        Assert.Contains(
            "POST", string.Join(',', preflight.Headers.GetValues("Access-Control-Allow-Methods")), StringComparison.Ordinal);
        Assert.Equal((401, Allowed), ((int)refused.StatusCode, OriginOf(refused)));
        Assert.Equal((200, Allowed), ((int)taken.StatusCode, OriginOf(taken)));
    }

    [Theory]
    [InlineData("page.example")]
    [InlineData("https://page.example/")]
    [InlineData("https://page.example/path")]
    public async Task Start_OriginThatIsNone_IsRefused(string origin)
    {
        var exception = await Assert.ThrowsAsync<OptionsValidationException>(
            () => ServedApp.StartAsync(tiny.Model, Allows(origin)));

        Assert.Contains($"AllowedOrigins:0: found '{origin}', expected an origin", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Hosts are still looked at first.</summary>
    [Fact]
    public async Task Serve_WithAnOrigin_RefusesOtherHosts()
    {
        await using var server = await ServeProcess.StartAsync("--allow-origin", Allowed, "--allow-origin", Other);

        using var preflight = await PreflightAsync(server.Http, Path, Other);
        using var refused = await PreflightAsync(server.Http, Path, Other, host: "attacker.example");

        Assert.Equal((204, Other), ((int)preflight.StatusCode, OriginOf(preflight)));
        Assert.Equal((400, null), ((int)refused.StatusCode, OriginOf(refused)));
    }

    private static Action<MistralServerOptions> Allows(string origin) => options =>
        options.AllowedOrigins = origin.Length == 0 ? [] : [origin];

    private static async Task<HttpResponseMessage> PreflightAsync(
        HttpClient http, string path, string origin, string headers = "content-type", string? host = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, path);
        request.Headers.Host = host;
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", headers);
        return await http.SendAsync(request, Cancellation);
    }

    private static string? OriginOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? string.Join(',', values) : null;
}

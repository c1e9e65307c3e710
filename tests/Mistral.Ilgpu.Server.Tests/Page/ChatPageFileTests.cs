using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Page;

/// <summary>The files of the chat page as they are served.</summary>
public sealed partial class ChatPageFileTests : IAsyncLifetime
{
    private WebApplication _app = null!;
    private HttpClient _http = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.MapChatPage();
        _app.MapGroup("/ai").MapChatPage();
        await _app.StartAsync(Cancellation);
        _http = _app.GetTestClient();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }

    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/chat/chat.css", "text/css")]
    [InlineData("/chat/main.js", "text/javascript")]
    [InlineData("/chat/icon.svg", "image/svg+xml")]
    public async Task File_Asked_HasItsTypeAndAStrictPolicy(string path, string type)
    {
        using var response = await _http.GetAsync(path, Cancellation);

        Assert.Equal((HttpStatusCode.OK, type), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
            + "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
            response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-cache", response.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task File_ThatTheBrowserHas_IsNotSentAgain()
    {
        using var first = await _http.GetAsync("/chat/main.js", Cancellation);
        var request = new HttpRequestMessage(HttpMethod.Get, "/chat/main.js");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);

        using var again = await _http.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Empty(await again.Content.ReadAsByteArrayAsync(Cancellation));
        request = new HttpRequestMessage(HttpMethod.Get, "/chat/main.js");
        request.Headers.IfNoneMatch.Add(new EntityTagHeaderValue("\"another\""));
        using var other = await _http.SendAsync(request, Cancellation);
        Assert.Equal(HttpStatusCode.OK, other.StatusCode);
    }

    [Fact]
    public async Task Page_InAGroup_IsRelativeToIt()
    {
        using var moved = await _http.GetAsync("/ai?x=1", Cancellation);
        Assert.Equal((HttpStatusCode.Redirect, "/ai/?x=1"), (moved.StatusCode, moved.Headers.Location!.ToString()));
        Assert.Contains("src=\"chat/main.js\"", await _http.GetStringAsync("/ai/", Cancellation), StringComparison.Ordinal);
        using var script = await _http.GetAsync("/ai/chat/main.js", Cancellation);
        Assert.Equal(HttpStatusCode.OK, script.StatusCode);
    }

    // The policy would refuse these, and a model's text could become markup by the others.
    [Fact]
    public async Task Files_HaveNothingInlineAndNothingThatParsesMarkup()
    {
        string page = await _http.GetStringAsync("/", Cancellation);
        Assert.DoesNotMatch(@"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", page);
        Assert.DoesNotMatch(@"(?:src|href)=""(?:https?:)?//", page);
        var pending = new Queue<string>(["main.js"]);
        HashSet<string> seen = ["main.js"];
        while (pending.TryDequeue(out string? name))
        {
            string script = await _http.GetStringAsync($"/chat/{name}", Cancellation);
            Assert.InRange(script.Split('\n').Length, 10, 250);
            Assert.DoesNotMatch(
                @"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|setHTML|srcdoc|\beval\b|new Function",
                script);
            foreach (string import in Import().Matches(script).Select(match => match.Groups[1].Value).Where(seen.Add))
            {
                pending.Enqueue(import);
            }
        }

        Assert.InRange(seen.Count, 10, 40);
    }

    [GeneratedRegex(@"from '\./([a-z-]+\.js)'")]
    private static partial Regex Import();
}

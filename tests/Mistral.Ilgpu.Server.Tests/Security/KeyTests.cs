using System.Net;
using System.Security.Cryptography;
using System.Text;
using Mistral.Ilgpu.Tests;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Security;

/// <summary>Keys and what each may use.</summary>
[Collection(nameof(TinyServerCollection))]
public sealed class KeyTests(TinyServer tiny)
{
    private const string Chat = "/v1/chat/completions";
    private const string Body = """{"messages":[{"role":"user","content":"x"}],"max_tokens":1}""";

    [Theory]
    [InlineData("Authorization", "Bearer one", true)]
    [InlineData("Authorization", "bearer two", true)]
    [InlineData("x-api-key", "one", true)]
    [InlineData("Authorization", "Bearer three", false)]
    [InlineData("Authorization", "Basic one", false)]
    [InlineData("x-other", "one", false)]
    public async Task Post_WithKeys_NeedsOneOfThem(string header, string value, bool isKnown)
    {
        await using var app = await ServedApp.StartAsync(tiny.Model, options => options.ApiKeys = ["one", $"bob {Hash("two")}"]);

        using var response = await app.PostAsync(Chat, Body, (header, value));

        Assert.Equal(isKnown ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, response.StatusCode);
        using var health = await app.Http.GetAsync("/health", TestContext.Current.CancellationToken);
        Assert.True(health.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Post_KeyFileThatChanges_IsReadAgain()
    {
        using var folder = new TemporaryFolder();
        string file = folder.File("keys");
        await File.WriteAllTextAsync(file, "# keys\nalice first\n", TestContext.Current.CancellationToken);
        await using var app = await ServedApp.StartAsync(tiny.Model, options => options.ApiKeyFile = file);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(app, "first"));

        await File.WriteAllTextAsync(file, "alice second\n", TestContext.Current.CancellationToken);
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddSeconds(5));
        await Task.Delay(TimeSpan.FromSeconds(1.1), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(app, "first"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(app, "second"));
        // A file that has become wrong changes nothing.
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(1.1), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(app, "second"));
    }

    [Theory]
    [InlineData("a b c")]
    [InlineData("sha256:12")]
    [InlineData("")]
    public async Task Start_WrongKeyFile_IsRefused(string line)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("keys"), line, TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => ServedApp.StartAsync(tiny.Model, options => options.ApiKeyFile = folder.File("keys")));

        Assert.Contains(folder.File("keys"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_MoreRequestsThanAllowed_HaveToWait()
    {
        await using var app = await ServedApp.StartAsync(
            tiny.Model, options => (options.ApiKeys, options.RequestsPerMinute) = (["one", "two"], 2));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(app, "one"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(app, "one"));

        using var response = await app.PostAsync(Chat, Body, ("Authorization", "Bearer one"));

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(app, "two"));
    }

    [Fact]
    public async Task Post_MoreTokensThanAllowed_HaveToWait()
    {
        await using var app = await ServedApp.StartAsync(tiny.Model, options => options.TokensPerMinute = 24);
        const string Long = """{"messages":[{"role":"user","content":"Tell me a story."}],"max_tokens":14,"ignore_eos":true}""";
        using var first = await app.PostAsync(Chat, Long);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);

        using var second = await app.PostAsync(Chat, Long);

        Assert.Equal(HttpStatusCode.TooManyRequests, second.StatusCode);
    }

    private static string Hash(string key) => $"sha256:{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}";

    private static async Task<HttpStatusCode> StatusAsync(ServedApp app, string key)
    {
        using var response = await app.PostAsync(Chat, Body, ("Authorization", $"Bearer {key}"));
        return response.StatusCode;
    }
}

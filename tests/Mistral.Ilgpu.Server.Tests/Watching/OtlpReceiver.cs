using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Watching;

/// <summary>Takes what is sent by OTLP over HTTP, on a port that is free.</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(string Path, string? Key, byte[] Body)> _requests = [];

    private OtlpReceiver(WebApplication app) => _app = app;

    public string Address => _app.Urls.Single();

    /// <summary>All bodies, as text of one character for each byte.</summary>
    public string Text => string.Concat(_requests.Select(request => Encoding.Latin1.GetString(request.Body)));

    /// <summary>The values of the header <c>key</c>.</summary>
    public IEnumerable<string?> Keys => _requests.Select(request => request.Key).Distinct();

    /// <summary>The spans so far.</summary>
    public IEnumerable<OtlpSpan> Spans => BodiesOf("/v1/traces").SelectMany(OtlpSpan.Read);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new OtlpReceiver(builder.Build());
        receiver._app.MapPost("/{**path}", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            receiver._requests.Enqueue((context.Request.Path, context.Request.Headers["key"], body.ToArray()));
        });
        await receiver._app.StartAsync(Cancellation);
        return receiver;
    }

    /// <summary>Whether a name was sent to a path.</summary>
    public bool Has(string path, string name) =>
        BodiesOf(path).Any(body => Encoding.Latin1.GetString(body).Contains(name, StringComparison.Ordinal));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private IEnumerable<byte[]> BodiesOf(string path) =>
        _requests.Where(request => request.Path == path).Select(request => request.Body);
}

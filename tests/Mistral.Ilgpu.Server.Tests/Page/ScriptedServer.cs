using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Mistral.Ilgpu.Server.Tests.Page;

/// <summary>The chat page on a socket, with answers that a test writes in place of a model's.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    /// <summary>The bodies of the requests for answers, in order.</summary>
    public List<JsonElement> Requests { get; } = [];

    /// <summary>The key that requests must have; null for none.</summary>
    public string? Key { get; set; }

    /// <summary>The name of the model.</summary>
    public string Model { get; set; } = "scripted";

    /// <summary>Gives the parts of an answer as JSON, of deltas or of whole errors.</summary>
    public Func<JsonElement, IAsyncEnumerable<string>> Answer { get; set; } = _ => Say("Hello.", 2);

    /// <summary>Is set when a client has left before its answer ended.</summary>
    public TaskCompletionSource Left { get; private set; } = new();

    public static async Task<ScriptedServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new ScriptedServer(app);
        app.MapChatPage();
        app.MapGet("/v1/models", server.ListAsync);
        app.MapPost("/v1/chat/completions", server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    /// <summary>The deltas of a text, some characters each.</summary>
    public static async IAsyncEnumerable<string> Say(string text, int step = 7)
    {
        for (int at = 0; at < text.Length; at += step)
        {
            await Task.Yield();
            yield return JsonSerializer.Serialize(new { content = text[at..Math.Min(text.Length, at + step)] });
        }
    }

    /// <summary>Deltas as they stand.</summary>
    public static async IAsyncEnumerable<string> Parts(params string[] deltas)
    {
        foreach (string delta in deltas)
        {
            await Task.Yield();
            yield return delta;
        }
    }

    /// <summary>The deltas of a text that never ends.</summary>
    public static async IAsyncEnumerable<string> Endless()
    {
        while (true)
        {
            yield return """{"content":"on and on "}""";
            await Task.Delay(20);
        }
    }

    /// <summary>Forgets all of the last test.</summary>
    public void Reset()
    {
        Requests.Clear();
        (Key, Model, Left) = (null, "scripted", new TaskCompletionSource());
        Answer = _ => Say("Hello.", 2);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task ListAsync(HttpContext context) =>
        RefuseAsync(context) ?? context.Response.WriteAsJsonAsync(new { data = new[] { new { id = Model } } });

    private async Task AnswerAsync(HttpContext context)
    {
        if (RefuseAsync(context) is { } refused)
        {
            await refused;
            return;
        }

        var request = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body);
        Requests.Add(request);
        context.Response.ContentType = "text/event-stream";
        try
        {
            await foreach (string delta in Answer(request).WithCancellation(context.RequestAborted))
            {
                await WriteAsync(
                    context, delta.StartsWith("{\"error\"", StringComparison.Ordinal)
                        ? delta
                        : $$"""{"choices":[{"index":0,"delta":{{delta}},"finish_reason":null}]}""");
            }

            await WriteAsync(context, """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""");
            await WriteAsync(
                context,
                """{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":9,"prompt_tokens_details":{"cached_tokens":2}}}""");
            await WriteAsync(context, "[DONE]");
        }
        catch (OperationCanceledException)
        {
            Left.TrySetResult();
        }
    }

    private Task? RefuseAsync(HttpContext context)
    {
        if (Key is null || context.Request.Headers.Authorization == $"Bearer {Key}")
        {
            return null;
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return context.Response.WriteAsJsonAsync(new { error = new { message = "found no API key" } });
    }

    private static async Task WriteAsync(HttpContext context, string data)
    {
        await context.Response.WriteAsync($"data: {data}\n\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}

using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Mistral.Ilgpu.Server.Http;

/// <summary>
/// Writes server-sent events. Several that are there at the same time are sent together. While there is nothing to say, comments
/// keep the connection alive.
/// </summary>
internal sealed class EventStream(HttpContext context, TimeSpan keepAlive)
{
    /// <summary>Whether the response has begun, so that errors can only be events.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Writes an event, to be sent with the next pause.</summary>
    /// <param name="name">The event's name; null for none.</param>
    public void Write<T>(T value, JsonTypeInfo<T> type, string? name = null)
    {
        Begin();
        var output = context.Response.BodyWriter;
        if (name is not null)
        {
            Write($"event: {name}\n");
        }

        output.Write("data: "u8);
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Encoder = type.Options.Encoder }))
        {
            JsonSerializer.Serialize(json, value, type);
        }

        output.Write("\n\n"u8);
    }

    /// <summary>Writes what several streams give, as it comes, and ends as OpenAI's streams do. A failure is an event.</summary>
    /// <param name="write">Writes an item of the stream of an index.</param>
    /// <param name="writeRest">Writes what follows once all streams have ended.</param>
    public async Task WriteAllAsync<T>(IReadOnlyList<IAsyncEnumerable<T>> streams, Action<int, T> write, Action writeRest)
    {
        try
        {
            var merged = Streams.Merge(streams, context.RequestAborted);
            await ReadAsync(merged, next => write(next.Index, next.Item)).ConfigureAwait(false);
            writeRest();
        }
        catch (Exception exception) when (!context.RequestAborted.IsCancellationRequested)
        {
            StreamErrors.Write(this, exception, context);
        }

        Begin();
        context.Response.BodyWriter.Write("data: [DONE]\n\n"u8);
        await FlushAsync().ConfigureAwait(false);
    }

    /// <summary>Sends what is written. A reader that is slow is waited for; one that has gone is none.</summary>
    public async Task FlushAsync()
    {
        try
        {
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The answer ends by the same token.
        }
    }

    /// <summary>Reads the steps of an answer. Before each wait, what was written is sent.</summary>
    public async Task ReadAsync<T>(IAsyncEnumerable<T> steps, Action<T> write)
    {
        Begin();
        await using var enumerator = steps.GetAsyncEnumerator(context.RequestAborted);
        while (true)
        {
            var next = enumerator.MoveNextAsync();
            bool isThere = next.IsCompleted
                ? await next.ConfigureAwait(false)
                : await WaitAsync(next.AsTask()).ConfigureAwait(false);
            if (!isThere)
            {
                return;
            }

            write(enumerator.Current);
        }
    }

    private async Task<bool> WaitAsync(Task<bool> next)
    {
        await FlushAsync().ConfigureAwait(false);
        while (true)
        {
            try
            {
                return await next.WaitAsync(keepAlive).ConfigureAwait(false);
            }
            catch (TimeoutException) when (!next.IsCompleted)
            {
                Write(": keep-alive\n\n");
                await FlushAsync().ConfigureAwait(false);
            }
        }
    }

    private void Write(string text)
    {
        Span<byte> bytes = stackalloc byte[text.Length];
        context.Response.BodyWriter.Write(bytes[..Encoding.ASCII.GetBytes(text, bytes)]);
    }

    private void Begin()
    {
        if (HasBegun)
        {
            return;
        }

        HasBegun = true;
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        // nginx would collect events.
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }
}

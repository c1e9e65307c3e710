using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Requests;

namespace Mistral.Ilgpu.Server.Http;

/// <summary>Reads the JSON body of a request. What is wrong with it is told with the field's name.</summary>
internal static class RequestBody
{
    /// <returns>The body's fields, and all of its JSON, which lives as long as the request.</returns>
    public static async Task<(T Fields, JsonElement Root)> ReadAsync<T>(
        HttpContext context, JsonTypeInfo<T> type, MistralServerOptions options)
    {
        // A page of another site can send other types without asking first, so that they are refused.
        if (!context.Request.HasJsonContentType())
        {
            throw new ApiException(
                StatusCodes.Status415UnsupportedMediaType,
                $"Content-Type: found '{context.Request.ContentType}', expected application/json");
        }

        byte[] bytes = await ReadBytesAsync(context, options.MaxBodyBytes).ConfigureAwait(false);
        var document = Parse(bytes, options.MaxDepth);
        context.Response.RegisterForDispose(document);
        return (Read(document, type), document.RootElement);
    }

    /// <summary>The fields of a body.</summary>
    public static T Read<T>(JsonDocument document, JsonTypeInfo<T> type) =>
        document.RootElement.ValueKind == JsonValueKind.Object
            ? FieldErrors.Read(document.RootElement, type)
            : throw new ApiException(400, $"the body: found JSON {document.RootElement.ValueKind}, expected an object");

    /// <summary>The JSON of a body.</summary>
    public static JsonDocument Parse(byte[] bytes, int maxDepth)
    {
        if (!Utf8.IsValid(bytes))
        {
            throw new ApiException(400, "the body: found bytes that are not UTF-8, expected JSON in UTF-8");
        }

        try
        {
            return JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = maxDepth, AllowDuplicateProperties = false });
        }
        catch (JsonException exception)
        {
            throw new ApiException(400, $"the body is not valid JSON: {exception.Message}");
        }
        catch (InvalidOperationException)
        {
            throw new ApiException(400, "the body: found half of a surrogate pair in a name, expected whole characters");
        }
    }

    private static async Task<byte[]> ReadBytesAsync(HttpContext context, int limit)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = limit;
        }

        if (context.Request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        var reader = context.Request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(context.RequestAborted).ConfigureAwait(false);
            if (result.Buffer.Length > limit)
            {
                // Kestrel reads the rest itself, which it cannot while this read is open.
                reader.AdvanceTo(result.Buffer.End);
                throw TooLarge(limit);
            }

            if (result.IsCompleted)
            {
                byte[] bytes = result.Buffer.ToArray();
                reader.AdvanceTo(result.Buffer.End);
                return bytes;
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    private static ApiException TooLarge(int limit) => new(
        StatusCodes.Status413PayloadTooLarge, $"the body has more than {limit} bytes, expected fewer", code: "request_too_large")
    {
        EndsConnection = true,
    };
}

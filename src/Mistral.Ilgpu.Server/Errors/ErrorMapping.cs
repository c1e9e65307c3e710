using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Chat;

namespace Mistral.Ilgpu.Server.Errors;

/// <summary>What a client is told of an exception. What is not the client's fault is not described to it.</summary>
internal static class ErrorMapping
{
    private const string TooLong = "context_length_exceeded";

    public static ApiException Of(Exception exception) => exception switch
    {
        ApiException error => error,
        BadHttpRequestException bad => new ApiException(bad.StatusCode, $"the request's body cannot be read: {bad.Message}")
        {
            EndsConnection = true,
        },
        ModelFileException file => OfField(file),
        ChatFormatException format => new ApiException(400, format.Message, format.Field),
        ContextFullException full => new ApiException(
            400, $"the request has {full.Needed} tokens, and the model takes {full.Context}", "prompt", TooLong),
        CacheFullException full => new ApiException(400, full.Message, "max_tokens", TooLong),
        QueueFullException full => ApiException.TooMany($"{full.MaxWaiting} requests wait already", TimeSpan.FromSeconds(1)),
        EngineStoppedException { InnerException: null } => ApiException.Unavailable("the server is stopping"),
        EngineStoppedException => ApiException.Unavailable("the device has failed"),
        InsufficientExecutionStackException => new ApiException(400, "a form or a tool's schema is too long or too deep"),
        _ => new ApiException(500, "internal error", code: "internal_error"),
    };

    /// <summary>Whether it is to be logged as a fault of the server.</summary>
    public static bool IsFault(Exception exception) => Of(exception).Status == StatusCodes.Status500InternalServerError;

    // Places are written as in "messages[3]: content".
    private static ApiException OfField(ModelFileException exception)
    {
        string place = exception.File.Replace(": ", ".", StringComparison.Ordinal);
        string parameter = place.Length == 0 ? exception.Field ?? ""
            : exception.Field is null ? place
            : $"{place}.{exception.Field}";
        return new ApiException(400, exception.Message.TrimStart(':', ' '), parameter.Length == 0 ? null : parameter);
    }
}

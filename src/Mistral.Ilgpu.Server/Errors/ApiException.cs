using Microsoft.AspNetCore.Http;

namespace Mistral.Ilgpu.Server.Errors;

/// <summary>A request that is refused. The message is one line for the client.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="parameter">The field that is wrong, such as <c>messages[0].role</c>; null where none is.</param>
/// <param name="code">A word for programs; null for none.</param>
internal sealed class ApiException(int status, string message, string? parameter = null, string? code = null)
    : Exception(message.ReplaceLineEndings(" "))
{
    // Longer values are cut, so that an error never repeats a whole request.
    private const int MostQuoted = 80;

    public int Status => status;

    public string? Parameter => parameter;

    public string? Code => code;

    /// <summary>When the client may try again; null where time changes nothing.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether no other request can follow, because the body was not read to its end.</summary>
    public bool EndsConnection { get; init; }

    /// <summary>A field that has the wrong type or is out of range.</summary>
    public static ApiException Wrong(string parameter, string found, string expected) => new(
        StatusCodes.Status400BadRequest,
        $"{parameter}: found {(found.Length > MostQuoted ? found[..MostQuoted] + "…" : found)}, expected {expected}",
        parameter);

    /// <summary>A field that asks for what there is not.</summary>
    public static ApiException Unsupported(string parameter, string why) =>
        new(StatusCodes.Status400BadRequest, $"{parameter}: {why}", parameter, "unsupported_value");

    /// <summary>A limit of requests, tokens or the queue.</summary>
    public static ApiException TooMany(string message, TimeSpan retryAfter) =>
        new(StatusCodes.Status429TooManyRequests, message, code: "rate_limit_exceeded") { RetryAfter = retryAfter };

    /// <summary>The server takes no requests now.</summary>
    public static ApiException Unavailable(string message) =>
        new(StatusCodes.Status503ServiceUnavailable, message, code: "unavailable") { RetryAfter = TimeSpan.FromSeconds(5) };
}

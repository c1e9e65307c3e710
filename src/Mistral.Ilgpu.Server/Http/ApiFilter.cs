using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Loading;
using Mistral.Ilgpu.Server.Security;
using Mistral.Ilgpu.Server.Watching;

namespace Mistral.Ilgpu.Server.Http;

/// <summary>What all endpoints for clients have in common: keys, limits, errors, a line in the log.</summary>
internal sealed class ApiFilter(ServerKeys keys, KeyLimits limits, ILogger<ServedModel> logger)
{
    private const int ClientGone = 499;

    /// <summary>Handles a request.</summary>
    /// <param name="isAnthropic">Whether errors have Anthropic's shape.</param>
    /// <param name="isForAdmins">Whether it needs an admin key.</param>
    public async Task HandleAsync(
        HttpContext context, Func<HttpContext, Task> handle, bool isAnthropic, bool isForAdmins = false)
    {
        long begun = Stopwatch.GetTimestamp();
        try
        {
            var request = context.Request;
            limits.Begin(context, isForAdmins ? keys.RequireAdmin(request) : keys.RequireClient(request));
            await handle(context);
        }
        catch (Exception exception)
            when (context.RequestAborted.IsCancellationRequested && exception is not BadHttpRequestException)
        {
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = ClientGone;
            }
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            StreamErrors.Log(exception, context);
            await WriteAsync(context, ErrorMapping.Of(exception), isAnthropic);
        }

        if (logger.IsEnabled(LogLevel.Information))
        {
            logger.Answered(
                context.Request.Path, context.Response.StatusCode, (long)Stopwatch.GetElapsedTime(begun).TotalMilliseconds,
                ModelCatalog.NameOf(context) ?? "-", KeyLimits.PartitionOf(context));
        }
    }

    /// <summary>Writes an error as the response.</summary>
    public static async Task WriteAsync(HttpContext context, ApiException error, bool isAnthropic)
    {
        var response = context.Response;
        response.Clear();
        response.StatusCode = error.Status;
        if (error.RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        if (error.EndsConnection && HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            response.Headers.Connection = "close";
        }

        if (error.Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }

        await (isAnthropic
            ? response.WriteAsJsonAsync(AnthropicErrorBody.Of(error), ErrorJson.Api.AnthropicErrorBody)
            : response.WriteAsJsonAsync(ErrorBody.Of(error), ErrorJson.Api.ErrorBody));
    }
}

using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Mistral.Ilgpu.Server.Errors;
using Mistral.Ilgpu.Server.Watching;

namespace Mistral.Ilgpu.Server.Http;

/// <summary>Errors after a stream has begun, when the status can no longer tell them.</summary>
internal static class StreamErrors
{
    public static void Write(EventStream events, Exception exception, HttpContext context)
    {
        Log(exception, context);
        events.Write(ErrorBody.Of(ErrorMapping.Of(exception)), ErrorJson.Api.ErrorBody);
    }

    /// <summary>Logs what is a fault of the server.</summary>
    public static void Log(Exception exception, HttpContext context)
    {
        if (ErrorMapping.IsFault(exception))
        {
            context.RequestServices.GetRequiredService<ILogger<ServedModel>>().Failed(exception, context.Request.Path);
        }
    }
}

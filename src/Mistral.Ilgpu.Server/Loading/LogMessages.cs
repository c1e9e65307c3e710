using Microsoft.Extensions.Logging;

namespace Mistral.Ilgpu.Server.Loading;

/// <summary>What is logged of models that come and go.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Loaded {Model} on {Device} in {Time}")]
    public static partial void Loaded(this ILogger logger, string model, string device, TimeSpan time);

    [LoggerMessage(Level = LogLevel.Information, Message = "Unloaded {Model}, because {Reason}")]
    public static partial void Unloaded(this ILogger logger, string model, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Model} could not be loaded")]
    public static partial void LoadFailed(this ILogger logger, Exception exception, string model);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Model} could not be unloaded whole")]
    public static partial void UnloadFailed(this ILogger logger, Exception exception, string model);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
    public static partial void Warning(this ILogger logger, string warning);
}

using Microsoft.Extensions.Logging;

namespace Mistral.Ilgpu.Extensions.AI;

/// <summary>What is logged.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Loaded {Model} on {Device} in {Time}")]
    public static partial void Loaded(this ILogger logger, string model, string device, TimeSpan time);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
    public static partial void Warning(this ILogger logger, string warning);
}

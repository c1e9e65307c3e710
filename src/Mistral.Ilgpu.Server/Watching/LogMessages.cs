using Microsoft.Extensions.Logging;

namespace Mistral.Ilgpu.Server.Watching;

/// <summary>What is logged. Prompts and answers are not.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} failed")]
    public static partial void Failed(this ILogger logger, Exception exception, string path);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Path} {Status} in {Milliseconds} ms, model {Model}, key {Key}")]
    public static partial void Answered(
        this ILogger logger, string path, int status, long milliseconds, string model, string key);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} cannot be read, so that the keys stay as they were: {Reason}")]
    public static partial void KeysUnreadable(this ILogger logger, string file, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} keys read from {File}")]
    public static partial void KeysRead(this ILogger logger, int count, string file);

    [LoggerMessage(Level = LogLevel.Error, Message = "the memory of adapter {Name} is not freed")]
    public static partial void AdapterKept(this ILogger logger, Exception exception, string name);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} texts are ended, because the time to drain is over")]
    public static partial void DrainOver(this ILogger logger, int count);
}

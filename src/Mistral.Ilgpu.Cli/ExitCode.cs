namespace Mistral.Ilgpu.Cli;

internal static class ExitCode
{
    public const int Done = 0;
    public const int Fault = 1;
    public const int Usage = 2;
    public const int Device = 3;
    public const int File = 4;
    public const int Interrupted = 130;
}

/// <summary>The command line asks for something that does not go; the message is one line.</summary>
internal sealed class UsageException(string message) : Exception(message);

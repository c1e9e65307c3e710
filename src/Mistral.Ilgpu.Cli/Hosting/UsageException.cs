namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>The command line is invalid. The message is one line.</summary>
internal sealed class UsageException(string message) : Exception(message);

namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>The command line asks for something that does not go; the message is one line.</summary>
internal sealed class UsageException(string message) : Exception(message);

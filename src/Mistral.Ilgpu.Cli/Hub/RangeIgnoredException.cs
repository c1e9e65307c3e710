namespace Mistral.Ilgpu.Cli.Hub;

/// <summary>A server sent a whole file where a range was asked for.</summary>
internal sealed class RangeIgnoredException : Exception;

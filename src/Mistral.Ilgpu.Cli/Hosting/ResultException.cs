namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>Results cannot be written. The message is one line.</summary>
internal sealed class ResultException(string name, Exception inner) : IOException(
    $"{name}: results cannot be written: {inner.Message}", inner);

namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>The reader of the results has closed its end, as <c>head</c> does.</summary>
internal sealed class ReaderGoneException() : IOException("the reader of the results has closed its end");

namespace Mistral.Ilgpu.Cli.Hosting;

/// <summary>Who read the results has enough, as <c>head</c> has.</summary>
internal sealed class ReaderGoneException() : IOException("nobody reads the results");

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>Who read the results has enough, as <c>head</c> has.</summary>
internal sealed class ReaderGoneException() : IOException("nobody reads the results");

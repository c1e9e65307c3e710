namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>A test: a prompt of <paramref name="Tokens"/> tokens, or the generation of as many, after a text.</summary>
/// <param name="Depth">Tokens of the text before.</param>
/// <param name="Texts">Texts that are generated together.</param>
internal sealed record BenchTest(bool IsPrefill, int Tokens, int Depth, int Texts = 1)
{
    /// <summary>The name in llama-bench.</summary>
    public string Name => FormattableString.Invariant($"{(IsPrefill ? "pp" : "tg")}{Tokens}");
}

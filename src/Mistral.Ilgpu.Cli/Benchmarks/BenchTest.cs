namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>A prompt of so many tokens, or as many generated one by one, behind a text of some depth.</summary>
/// <param name="Texts">Texts that are generated together.</param>
internal sealed record BenchTest(bool IsPrefill, int Tokens, int Depth, int Texts = 1)
{
    /// <summary>As llama-bench names it.</summary>
    public string Name => FormattableString.Invariant($"{(IsPrefill ? "pp" : "tg")}{Tokens}");
}

namespace Mistral.Ilgpu.Cli.Benchmarks;

/// <summary>A prompt of so many tokens, or as many generated one by one, behind a text of some depth.</summary>
internal sealed record BenchTest(bool IsPrefill, int Tokens, int Depth)
{
    /// <summary>As llama-bench names it.</summary>
    public string Name => FormattableString.Invariant($"{(IsPrefill ? "pp" : "tg")}{Tokens}");
}

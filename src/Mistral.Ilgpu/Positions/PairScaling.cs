using System.Collections.Immutable;

namespace Mistral.Ilgpu.Positions;

/// <summary>
/// A divisor for the frequency of each pair of a head. GGUF files store Llama 3.1's scaling in this form.
/// It also equals transformers' <c>longrope</c> if short and long texts have the same factors.
/// </summary>
internal sealed record PairScaling(ImmutableArray<float> Divisors) : RopeScaling
{
    public override string Kind => "longrope";

    public override IEnumerable<KeyValuePair<string, float>> Numbers =>
        [new("pairs", Divisors.Length), new("least_factor", Divisors.Min()), new("largest_factor", Divisors.Max())];

    internal override double Multiplier(int pair, int headDim, double theta) => 1 / (double)Divisors[pair];

    internal override RopeFault? Fault(int headDim, double theta) =>
        Divisors.Length != headDim / 2
            ? new RopeFault("short_factor", Divisors.Length, $"{headDim / 2} numbers, one for each pair of a head")
            : Divisors.FirstOrDefault(divisor => !(divisor > 0 && float.IsFinite(divisor)), 1) is var wrong && wrong != 1
                ? new RopeFault("short_factor", wrong, "positive numbers")
                : null;
}

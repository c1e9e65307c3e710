namespace Mistral.Ilgpu.Positions;

/// <summary>Position interpolation (Chen et al., arXiv 2306.15595): every frequency is divided by the factor.</summary>
internal sealed record LinearScaling(float Factor) : RopeScaling
{
    public override string Kind => "linear";

    public override IEnumerable<KeyValuePair<string, float>> Numbers => [new("factor", Factor)];

    internal override double Multiplier(int pair, int headDim, double theta) => 1 / (double)Factor;

    internal override RopeFault? Fault(int headDim, double theta) => RopeFault.OfFactor(Factor);
}

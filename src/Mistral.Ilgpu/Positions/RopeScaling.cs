namespace Mistral.Ilgpu.Positions;

/// <summary>How a model slows its rotary frequencies down, so that texts longer than those it first learned from stay within
/// angles that it knows. Each kind is a record of its own.</summary>
internal abstract record RopeScaling
{
    private protected RopeScaling()
    {
    }

    /// <summary>The kind, as transformers' <c>rope_type</c> names it.</summary>
    public abstract string Kind { get; }

    /// <summary>What queries and keys are multiplied by once they are turned.</summary>
    public virtual float AttentionFactor => 1;

    /// <summary>The length that the model first learned from, where the kind needs it.</summary>
    public virtual int? OriginalPositions => null;

    /// <summary>The other numbers of the kind, by their names in config.json.</summary>
    public abstract IEnumerable<KeyValuePair<string, float>> Numbers { get; }

    /// <summary>What the frequency of a pair of a head is multiplied by.</summary>
    internal abstract double Multiplier(int pair, int headDim, double theta);

    /// <summary>The first number that makes no sense; null where all do.</summary>
    internal abstract RopeFault? Fault(int headDim, double theta);
}

namespace Mistral.Ilgpu.Positions;

/// <summary>
/// Reduces a model's rotary frequencies, so that texts longer than those of the first training stay within its range of angles.
/// Each kind is a record of its own.
/// </summary>
internal abstract record RopeScaling
{
    private protected RopeScaling()
    {
    }

    /// <summary>The kind, with transformers' name in <c>rope_type</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>The factor of rotated queries and keys.</summary>
    public virtual float AttentionFactor => 1;

    /// <summary>The length of texts in the first training; null if the kind does not need it.</summary>
    public virtual int? OriginalPositions => null;

    /// <summary>The other numbers of the kind, by their names in config.json.</summary>
    public abstract IEnumerable<KeyValuePair<string, float>> Numbers { get; }

    /// <summary>The factor of the frequency of a pair of a head.</summary>
    internal abstract double Multiplier(int pair, int headDim, double theta);

    /// <summary>The first invalid number; null if all are valid.</summary>
    internal abstract RopeFault? Fault(int headDim, double theta);
}

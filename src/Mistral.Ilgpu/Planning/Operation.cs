namespace Mistral.Ilgpu.Planning;

/// <summary>One operation of a model: what it reads, what it makes, and what that costs. It knows no device.</summary>
/// <param name="Name">With its layer: <c>layers.3.qkv</c>.</param>
/// <param name="Rows">The rows of a pass that it works on.</param>
internal abstract record Operation(string Name, RowSet Rows)
{
    /// <summary>The name without its layer: <c>qkv</c> of <c>layers.3.qkv</c>.</summary>
    public string Kind => Name[(Name.LastIndexOf('.') + 1)..];

    /// <summary>The name's other part, <c>layers.3</c>; empty outside of layers.</summary>
    public string Layer => Name[..Math.Max(0, Name.LastIndexOf('.'))];

    /// <summary>The activations that it reads; null where it reads token ids.</summary>
    public abstract ActivationPlan? Input { get; }

    /// <summary>The activations that it makes or adds to; null where it makes token ids.</summary>
    public abstract ActivationPlan? Output { get; }

    /// <summary>Activations that it needs besides, whose values nobody reads after it.</summary>
    public virtual ActivationPlan? Scratch => null;

    public virtual WeightPlan? Weights => null;

    /// <summary>What it moves and computes in a pass. Bytes: weights once, activations in float32.</summary>
    public abstract StepCost Cost(Pass pass);
}

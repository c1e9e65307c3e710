namespace Mistral.Ilgpu.Planning;

/// <summary>One operation of a model: its inputs, its output and its cost. It does not depend on a device.</summary>
/// <param name="Name">The name with its layer: <c>layers.3.qkv</c>.</param>
/// <param name="Rows">The rows of a pass that it works on.</param>
internal abstract record Operation(string Name, RowSet Rows)
{
    /// <summary>The name without its layer: <c>qkv</c> of <c>layers.3.qkv</c>.</summary>
    public string Kind => Name[(Name.LastIndexOf('.') + 1)..];

    /// <summary>The other part of the name, <c>layers.3</c>; empty outside of layers.</summary>
    public string Layer => Name[..Math.Max(0, Name.LastIndexOf('.'))];

    /// <summary>The activations that it reads; null if it reads token ids.</summary>
    public abstract ActivationPlan? Input { get; }

    /// <summary>The activations that it writes or adds to; null if it writes token ids.</summary>
    public abstract ActivationPlan? Output { get; }

    /// <summary>Activations for intermediate results, which no other operation reads; null for none.</summary>
    public virtual ActivationPlan? Scratch => null;

    public virtual WeightPlan? Weights => null;

    /// <summary>The forms of the output beside float32. Set by fusion.</summary>
    public OutputForms Forms { get; init; }

    /// <summary>The bytes and operations of a pass. Weights count once, activations as float32.</summary>
    public abstract StepCost Cost(Pass pass);
}

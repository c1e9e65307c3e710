namespace Mistral.Ilgpu.Planning;

/// <summary>A model as the operations that every pass goes through, with all that they name. Plain data: it knows no device and
/// holds no memory.</summary>
/// <param name="Operations">In their order, up to the logits.</param>
/// <param name="Choice">What chooses tokens from the logits, where that is asked for.</param>
internal sealed record ModelPlan(IReadOnlyList<Operation> Operations, Choose? Choice = null)
{
    /// <summary>All activations, in the order in which they are first named.</summary>
    public IReadOnlyList<ActivationPlan> Activations { get; } =
    [
        .. Operations.SelectMany(operation => new[] { operation.Input, operation.Scratch, operation.Output })
            .OfType<ActivationPlan>().Distinct(),
    ];

    /// <summary>Those that matrices are multiplied with.</summary>
    public IReadOnlySet<ActivationPlan> Multiplied { get; } =
        Operations.OfType<MatrixProduct>().Select(product => product.From).ToHashSet();

    /// <summary>All weights, in the order in which they are first named.</summary>
    public IReadOnlyList<WeightPlan> Weights { get; } =
    [
        .. Operations.Select(operation => operation.Weights).OfType<WeightPlan>().Distinct()
    ];

    /// <summary>Device bytes of all weights.</summary>
    public long WeightBytes => Weights.Sum(weights => weights.Bytes);

    /// <summary>Weights of the model.</summary>
    public long ParameterCount => Weights.Sum(weights => weights.Count);

    /// <summary>The index of the operation that reads what another made, the first to do so; −1 where none does.</summary>
    /// <param name="index">Of the one that makes it.</param>
    public int TakerOf(int index)
    {
        var made = Operations[index].Output;
        for (int i = index + 1; i < Operations.Count; i++)
        {
            if (Operations[i].Input == made || Operations[i].Output == made)
            {
                return Operations[i].Input == made ? i : -1;
            }
        }

        return -1;
    }
}

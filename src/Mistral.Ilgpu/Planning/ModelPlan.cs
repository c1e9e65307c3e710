namespace Mistral.Ilgpu.Planning;

/// <summary>
/// A model as the operations of a pass, with their activations and weights. It is plain data without a device or memory.
/// </summary>
/// <param name="Operations">The operations in order, up to the logits.</param>
/// <param name="Choice">Chooses tokens from the logits; null if tokens are not chosen on the device.</param>
internal sealed record ModelPlan(IReadOnlyList<Operation> Operations, Choose? Choice = null)
{
    /// <summary>All activations, in order of first use.</summary>
    public IReadOnlyList<ActivationPlan> Activations { get; } =
    [
        .. Operations.SelectMany(operation => new[] { operation.Input, operation.Scratch, operation.Output })
            .OfType<ActivationPlan>().Distinct(),
    ];

    /// <summary>The activations that are multiplied with matrices.</summary>
    public IReadOnlySet<ActivationPlan> Multiplied { get; } =
        Operations.OfType<MatrixProduct>().Select(product => product.From).ToHashSet();

    /// <summary>All weights, in order of first use.</summary>
    public IReadOnlyList<WeightPlan> Weights { get; } =
    [
        .. Operations.Select(operation => operation.Weights).OfType<WeightPlan>().Distinct()
    ];

    /// <summary>The matrices of each layer, in order. Other matrices are not part of a layer.</summary>
    public IReadOnlyList<IReadOnlyList<MatrixPlan>> Layers { get; } =
    [
        .. Operations.Where(operation => operation.Layer.Length > 0).GroupBy(operation => operation.Layer)
            .Select(layer => layer.Select(operation => operation.Weights).OfType<MatrixPlan>().Distinct().ToArray()),
    ];

    /// <summary>Device bytes of all weights.</summary>
    public long WeightBytes => Weights.Sum(weights => weights.Bytes);

    /// <summary>The number of the model's weights.</summary>
    public long ParameterCount => Weights.Sum(weights => weights.Count);

    /// <summary>The index of the first operation that reads another one's output; −1 if there is none.</summary>
    /// <param name="index">The index of the operation with the output.</param>
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

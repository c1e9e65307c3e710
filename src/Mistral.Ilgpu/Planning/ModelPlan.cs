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

    /// <summary>The hidden states, which each layer adds to.</summary>
    public ActivationPlan Hidden => Operations.OfType<Norm>().First().Hidden;

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

    /// <summary>The caches of the layers, in order.</summary>
    public IReadOnlyList<KvPlan> Caches { get; } = [.. Operations.OfType<Attend>().Select(attend => attend.Cache)];

    /// <summary>The layer that uses weights first; empty for those outside of layers.</summary>
    public string LayerOf(WeightPlan weights) => Operations.First(operation => operation.Weights == weights).Layer;

    /// <summary>Device bytes of all weights.</summary>
    public long WeightBytes => Weights.Sum(weights => weights.Bytes);

    /// <summary>The number of the model's weights.</summary>
    public long ParameterCount => Weights.Sum(weights => weights.Count);

    /// <summary>
    /// The part of consecutive layers, for one of several devices. The embedding belongs to the first layer, and the logits and
    /// the choice of tokens to the last. Each part continues with the hidden states of the part before.
    /// </summary>
    public ModelPlan Part(Range layers)
    {
        var (first, count) = layers.GetOffsetAndLength(Layers.Count);
        return count == Layers.Count
            ? this
            : new ModelPlan(
                [.. ByLayer().Where(one => one.Layer >= first && one.Layer < first + count).Select(one => one.Operation)],
                first + count == Layers.Count ? Choice : null);
    }

    /// <summary>Device bytes of the weights of each layer, with those that belong to it as in <see cref="Part"/>.</summary>
    public IReadOnlyList<long> BytesOfLayers() =>
    [
        .. ByLayer().GroupBy(one => one.Layer).Select(layer => layer.Select(one => one.Operation.Weights)
            .OfType<WeightPlan>().Distinct().Sum(weights => weights.Bytes)),
    ];

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

    /// <summary>Whether no operation but <see cref="TakerOf"/> reads an operation's output.</summary>
    public bool IsTakenOnce(int index)
    {
        var made = Operations[index].Output;
        int taker = TakerOf(index);
        var next = Operations.Skip(taker + 1).FirstOrDefault(one => one.Input == made || one.Output == made);
        return taker >= 0 && Operations[taker].Output != made && next?.Input != made;
    }

    private IEnumerable<(Operation Operation, int Layer)> ByLayer()
    {
        string name = "";
        int layer = -1;
        foreach (var operation in Operations)
        {
            if (operation.Layer.Length > 0 && operation.Layer != name)
            {
                name = operation.Layer;
                layer++;
            }

            yield return (operation, Math.Max(layer, 0));
        }
    }
}

using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>The device memory of a plan's operations.</summary>
internal sealed record PlanMemory(
    IReadOnlyDictionary<ActivationPlan, Activation> Activations,
    IReadOnlyDictionary<MatrixPlan, WeightMatrix> Matrices,
    IReadOnlyDictionary<VectorPlan, ArrayView<float>> Vectors)
{
    /// <summary>The cache of each layer.</summary>
    public IReadOnlyList<KvLayer> Caches { get; init; } = [];

    /// <summary>Rotary frequencies, paddedHeadDim / 2.</summary>
    public ArrayView<ulong> Frequencies { get; init; }

    /// <summary>A buffer for the splits of decoded tokens' attention, filled with zeros before the first pass.</summary>
    public ArrayView<float> Parts { get; init; }

    /// <summary>A buffer for the chosen tokens, an id for each row of logits.</summary>
    public ArrayView<int> Chosen { get; init; }
}

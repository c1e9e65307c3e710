using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Model;

/// <summary>What is read of a model for one device, before its steps are bound. Owns the weights.</summary>
/// <param name="Memory">The layers, and which of them are streamed.</param>
/// <param name="Reader">Reads adapters of these layers.</param>
/// <param name="Adapters">What each adapter that the model is loaded with adds to them.</param>
internal sealed record LoadedPart(
    ComputeDevice Device, PartMemory Memory, AdapterReader Reader, IReadOnlyList<IReadOnlyList<AdapterTerm>> Adapters)
    : IDisposable
{
    private ModelWeights? _weights;

    public ModelWeights Weights => _weights!;

    public void LoadWeights(
        Checkpoint checkpoint, ModelOptions options, IProgress<TensorProgress>? progress, CancellationToken cancellation) =>
        _weights = ModelWeights.Load(
            Device, checkpoint, Memory.Plan, options, Memory.Residency, progress, cancellation);

    public void Dispose() => _weights?.Dispose();
}

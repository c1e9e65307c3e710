using Mistral.Ilgpu.Execution.Transfers;

namespace Mistral.Ilgpu.Execution.Passes;

/// <summary>
/// The gate of a model that does not fit the device. The steps of a streamed layer begin when its weights are in their slot, and
/// the slot is filled again when they have ended.
/// </summary>
internal sealed class StreamedLayers : ILayerGate
{
    private readonly LayerTransfers _transfers;

    // The streamed layers, by the name that their steps have.
    private readonly Dictionary<string, int> _layers;
    private string _layer = "";
    private int? _held;

    /// <param name="transfers">Is not owned.</param>
    /// <param name="streamed">The layers that are streamed.</param>
    public StreamedLayers(LayerTransfers transfers, LayerGraph graph, IReadOnlyList<int> streamed)
    {
        _transfers = transfers;
        var names = graph.Steps.Select(step => step.Layer).Where(layer => layer.Length > 0).Distinct().ToList();
        _layers = Enumerable.Range(0, streamed.Count).ToDictionary(index => names[streamed[index]]);
    }

    /// <summary>Whether passes use what is in the slots, without transfers, to measure how long they take alone.</summary>
    public bool IsPaused { get; set; }

    public void Enter(string layer)
    {
        if (layer == _layer)
        {
            return;
        }

        Leave();
        _layer = layer;
        if (!IsPaused && _layers.TryGetValue(layer, out int index))
        {
            _transfers.Acquire(index);
            _held = index;
        }
    }

    public void Leave()
    {
        _layer = "";
        if (_held is int index)
        {
            _held = null;
            _transfers.Release(index);
        }
    }
}

using Mistral.Ilgpu.Execution.Passes;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Weights that are still to be copied to their places, in the order of a pass. A pass copies those of each layer just before it
/// launches the layer's steps, so that the first prompt is read at the speed of the load. Calls need the device.
/// </summary>
/// <param name="fills">For each matrix: its layer and what copies it.</param>
/// <param name="stream">Is owned.</param>
internal sealed class WeightArrivals(IReadOnlyList<(string Layer, Action Copy)> fills, WeightStream stream)
    : ILayerGate, IDisposable
{
    private int _copied;

    // The matrices that the steps of the present pass have used so far, and the layer of the last ones.
    private int _used;
    private string? _layer;

    public bool AreComplete => _copied == fills.Count;

    /// <summary>Copies one more matrix, if there are any.</summary>
    /// <exception cref="ModelFileException">The file cannot be read, or a weight is not a finite number.</exception>
    /// <exception cref="OperationCanceledException">Cancelled. The matrix is copied again when it is next needed.</exception>
    public void CopyNext() => CopyUpTo(Math.Min(_copied + 1, fills.Count));

    public void Enter(string layer)
    {
        if (layer == _layer)
        {
            return;
        }

        // Matrices outside of layers are before the first and behind the last one.
        _layer = layer;
        while (_used < fills.Count && fills[_used].Layer != layer)
        {
            _used++;
        }

        while (_used < fills.Count && fills[_used].Layer == layer)
        {
            _used++;
        }

        CopyUpTo(_used);
    }

    public void Leave() => (_used, _layer) = (0, null);

    public void Dispose() => stream.Dispose();

    private void CopyUpTo(int end)
    {
        for (; _copied < end; _copied++)
        {
            fills[_copied].Copy();
        }
    }
}

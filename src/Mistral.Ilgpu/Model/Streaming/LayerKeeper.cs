using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Transfers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model.Streaming;

/// <summary>Keeps the host's copies of streamed layers: in files, or in memory where files cannot be kept.</summary>
internal sealed class LayerKeeper(ComputeDevice device, LayerCache cache)
{
    private bool _hasTold;

    /// <summary>The copy that an earlier process kept, or one of the slot once the layer is packed there.</summary>
    /// <param name="slot">A slot, as long as the layer.</param>
    /// <param name="place">Places the layer's matrices in the slot, and packs them if told to.</param>
    public IHostLayer Open(Checkpoint checkpoint, IReadOnlyList<MatrixPlan> layer, ArrayView<byte> slot, Action<bool> place)
    {
        string file = cache.FileOf(checkpoint, layer);
        var kept = cache.TryOpen(file, slot.Length);
        place(kept is null);
        return kept ?? Keep(file, slot);
    }

    private IHostLayer Keep(string file, ArrayView<byte> slot)
    {
        if (cache.TryWrite(file, slot.Length, Read, out string? reason) is { } kept)
        {
            return kept;
        }

        if (reason is not null && !_hasTold)
        {
            _hasTold = true;
            device.Tell($"streamed layers are kept in host memory, and packed again next time: {reason}");
        }

        return new MemoryLayer(slot.Length, Read);

        void Read(long at, Span<byte> part) => slot.SubView(at, part.Length).CopyToCPU(device.Stream, part);
    }
}

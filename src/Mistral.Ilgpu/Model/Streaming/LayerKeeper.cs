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
    /// <summary>Bytes of the layers that are kept in memory.</summary>
    public long MemoryBytes { get; private set; }

    /// <summary>Why layers are kept in memory; null if none is, or if files were not asked for.</summary>
    public string? MemoryReason { get; private set; }

    /// <summary>The copy that an earlier process kept; null if there is none. For any thread.</summary>
    public IHostLayer? Find(Checkpoint checkpoint, IReadOnlyList<MatrixPlan> layer) =>
        cache.TryOpen(cache.FileOf(checkpoint, layer), Residency.BytesOf(layer));

    /// <summary>A copy of a layer that is packed in a slot, as long as the layer.</summary>
    public IHostLayer Keep(Checkpoint checkpoint, IReadOnlyList<MatrixPlan> layer, ArrayView<byte> slot) =>
        Keep(cache.FileOf(checkpoint, layer), slot);

    private IHostLayer Keep(string file, ArrayView<byte> slot)
    {
        if (cache.TryWrite(file, slot.Length, Read, out string? reason) is { } kept)
        {
            return kept;
        }

        if (reason is not null && MemoryReason is null)
        {
            MemoryReason = $"layers are kept in host memory, and packed again next time: {reason}";
            device.Tell(MemoryReason);
        }

        MemoryBytes += slot.Length;
        return new MemoryLayer(slot.Length, Read);

        void Read(long at, Span<byte> part) => slot.SubView(at, part.Length).CopyToCPU(device.Stream, part);
    }
}

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
    private const int PartBytes = 16 << 20;

    private bool _hasTold;

    /// <summary>The file of a layer.</summary>
    public string FileOf(Checkpoint checkpoint, IReadOnlyList<MatrixPlan> layer) => cache.FileOf(checkpoint, layer);

    /// <summary>A layer that an earlier process kept; null if there is none.</summary>
    public IHostLayer? TryOpen(string file, long length) => cache.TryOpen(file, length);

    /// <summary>Copies a layer from its slot.</summary>
    public IHostLayer Keep(string file, ArrayView<byte> slot)
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

        var layer = new MemoryLayer(slot.Length);
        byte[] buffer = GC.AllocateUninitializedArray<byte>((int)Math.Min(PartBytes, slot.Length));
        for (long at = 0; at < slot.Length; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, slot.Length - at));
            Read(at, part);
            layer.Write(at, part);
        }

        return layer;

        void Read(long at, Span<byte> part) => slot.SubView(at, part.Length).CopyToCPU(device.Stream, part);
    }
}

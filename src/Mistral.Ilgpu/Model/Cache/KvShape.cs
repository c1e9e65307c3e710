using ILGPU.Runtime;
using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>The format and size of a position's keys and values in one layer, and the number of positions in a page.</summary>
internal sealed record KvShape(int KvHeads, int HeadDim, TensorFormat Format, int PageLength)
{
    /// <summary>Bytes of a page's keys and values in one layer.</summary>
    public long PageBytes => BytesOf(PageLength);

    /// <summary>Bytes of the keys and values of this many positions in one layer.</summary>
    public long BytesOf(long positions) => 2 * Format.BytesOf(positions * KvHeads * HeadDim);

    public bool IsScaled => Format == TensorFormat.Q8_0;

    public KvBuffers Allocate(ComputeDevice device, long positions, List<IDisposable> owner)
    {
        long elements = positions * KvHeads * HeadDim;
        long bytes = IsScaled ? elements : Format.BytesOf(elements);
        var (keys, values) = (Own<byte>(bytes), Own<byte>(bytes));
        // A format without scales gets a view that is never read.
        return IsScaled
            ? new KvBuffers(keys, values, Own<ushort>(elements / TileLayout.Run), Own<ushort>(elements / TileLayout.Run))
            : new KvBuffers(keys, values, keys.Cast<ushort>(), values.Cast<ushort>());

        ArrayView<T> Own<T>(long length)
            where T : unmanaged
        {
            var buffer = device.Allocate<T>(length, "the cache of keys and values");
            owner.Add(buffer);
            return buffer.View;
        }
    }
}

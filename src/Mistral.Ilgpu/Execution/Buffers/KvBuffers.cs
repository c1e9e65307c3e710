using ILGPU;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>Device memory for tiles of keys and values (see <see cref="TileLayout"/>).</summary>
internal sealed record KvBuffers(
    ArrayView<byte> Keys, ArrayView<byte> Values, ArrayView<ushort> KeyScales, ArrayView<ushort> ValueScales)
{
    public KvTiles<TElement> As<TElement>()
        where TElement : unmanaged => new(Keys.Cast<TElement>(), Values.Cast<TElement>(), KeyScales, ValueScales);
}

using ILGPU;
using Mistral.Ilgpu.Checkpoints;

namespace Mistral.Ilgpu.Execution;

/// <summary>Heads of grouped-query attention: <paramref name="Heads"/> query heads share <paramref name="KvHeads"/> kv heads.</summary>
public sealed record AttentionShape(int Heads, int KvHeads, int HeadDim)
{
    public int KvColumns => KvHeads * HeadDim;

    /// <summary>Columns of the fused projection: queries, then keys, then values.</summary>
    public int QkvColumns => (Heads * HeadDim) + (2 * KvColumns);
}

/// <summary>
/// Keys and values of one layer. The ring holds <paramref name="Slots"/> positions × kvHeads × headDim, position p in slot
/// p mod Slots; the fresh buffers hold a chunk's own until its attention has run, and are shared by all layers.
/// </summary>
public sealed record KvLayer(
    int Slots,
    TensorFormat Format,
    ArrayView<byte> Keys,
    ArrayView<byte> Values,
    ArrayView<byte> FreshKeys,
    ArrayView<byte> FreshValues);

namespace Mistral.Ilgpu.Model;

/// <summary>Heads of grouped-query attention: <paramref name="Heads"/> query heads share <paramref name="KvHeads"/> kv heads.</summary>
public sealed record AttentionShape(int Heads, int KvHeads, int HeadDim)
{
    public int KvColumns => KvHeads * HeadDim;

    /// <summary>Columns of the fused projection: queries, then keys, then values.</summary>
    public int QkvColumns => (Heads * HeadDim) + (2 * KvColumns);
}

using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Positions;

namespace Mistral.Ilgpu.Planning;

/// <summary>
/// Heads of grouped-query attention: <paramref name="Heads"/> query heads share <paramref name="KvHeads"/> kv heads.
/// </summary>
/// <param name="HeadDim">Elements of a head in the model.</param>
/// <param name="PaddedHeadDim">Elements of a head on the device: those of the model, then zeros up to whole tiles of the cache.
/// Zeros add nothing to a score, and <see cref="NarrowHeads"/> drops the values that they produce.</param>
/// <param name="AttentionFactor">The factor of queries and keys (see <see cref="RopeScaling"/>).</param>
internal sealed record AttentionShape(int Heads, int KvHeads, int HeadDim, int PaddedHeadDim, float AttentionFactor = 1)
{
    /// <param name="cache">The format of the cache, whose tiles determine the padding.</param>
    public static AttentionShape Of(ModelConfig config, TensorFormat cache)
    {
        int whole = cache == TensorFormat.Q8_0 ? TileLayout.Run : TileLayout.Length;
        return new(
            config.HeadCount, config.KvHeadCount, config.HeadDim, (config.HeadDim + whole - 1) / whole * whole,
            config.RopeScaling?.AttentionFactor ?? 1);
    }

    /// <summary>The factor of the product of a query and a key in a score.</summary>
    public float ScoreScale => AttentionFactor * AttentionFactor / MathF.Sqrt(HeadDim);

    public bool IsPadded => PaddedHeadDim != HeadDim;

    /// <summary>Query heads of one kv head.</summary>
    public int Group => Heads / KvHeads;

    /// <summary>Columns of the keys on the device; the same for the values.</summary>
    public int KvColumns => KvHeads * PaddedHeadDim;

    /// <summary>Columns of the fused projection on the device: queries, then keys, then values.</summary>
    public int QkvColumns => AttendedColumns + (2 * KvColumns);

    /// <summary>Columns of attention's output on the device.</summary>
    public int AttendedColumns => Heads * PaddedHeadDim;

    /// <summary>Columns of attention's output in the model.</summary>
    public int OutputColumns => Heads * HeadDim;

    /// <summary>Floats for the parts of one decoded token (see <see cref="MergeSplits"/>).</summary>
    public long PartFloats => (long)Heads * DecodeSplits.Most * (PaddedHeadDim + DecodeSplits.Tail);
}

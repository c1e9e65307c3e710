using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution;

/// <summary>Heads of grouped-query attention: <paramref name="Heads"/> query heads share <paramref name="KvHeads"/> kv heads.</summary>
/// <param name="HeadDim">Elements of a head in the model.</param>
/// <param name="PaddedHeadDim">Elements of a head on the device: those of the model, then zeros up to whole tiles of the cache. Zeros add nothing to
/// a score, and the values that they make are dropped by <see cref="NarrowHeads"/>.</param>
public sealed record AttentionShape(int Heads, int KvHeads, int HeadDim, int PaddedHeadDim)
{
    /// <param name="cache">The format of the cache, whose tiles decide how heads are padded.</param>
    public static AttentionShape Of(ModelConfig config, TensorFormat cache)
    {
        int whole = cache == TensorFormat.Q8_0 ? TileLayout.Run : TileLayout.Length;
        return new(config.HeadCount, config.KvHeadCount, config.HeadDim, (config.HeadDim + whole - 1) / whole * whole);
    }

    public bool IsPadded => PaddedHeadDim != HeadDim;

    /// <summary>Query heads of one kv head.</summary>
    public int Group => Heads / KvHeads;

    /// <summary>Columns of the keys on the device, and of the values.</summary>
    public int KvColumns => KvHeads * PaddedHeadDim;

    /// <summary>Columns of the fused projection on the device: queries, then keys, then values.</summary>
    public int QkvColumns => AttendedColumns + (2 * KvColumns);

    /// <summary>Columns of what attention makes on the device.</summary>
    public int AttendedColumns => Heads * PaddedHeadDim;

    /// <summary>Columns of what attention makes in the model.</summary>
    public int OutputColumns => Heads * HeadDim;

    /// <summary>Floats that the parts of one decoded token take, see <see cref="MergeSplits"/>.</summary>
    public long PartFloats => (long)Heads * DecodeSplits.Most * (PaddedHeadDim + DecodeSplits.Tail);
}

/// <summary>Device memory for tiles of keys and values, see <see cref="TileLayout"/>.</summary>
public sealed record KvBuffers(ArrayView<byte> Keys, ArrayView<byte> Values, ArrayView<ushort> KeyScales, ArrayView<ushort> ValueScales)
{
    public KvTiles<TElement> As<TElement>()
        where TElement : unmanaged => new(Keys.Cast<TElement>(), Values.Cast<TElement>(), KeyScales, ValueScales);
}

/// <summary>Keys and values of one layer.</summary>
/// <param name="Window">Positions that a query sees at most.</param>
/// <param name="RingLength">Positions in the ring of one sequence: the window in whole pages.</param>
/// <param name="Format">F32, BF16, F16 or Q8_0.</param>
/// <param name="Ring">The pages of all sequences.</param>
/// <param name="Fresh">Those of the prompts' tokens until their attention has run, shared by all layers.</param>
/// <param name="Table">Which pages are whose.</param>
public sealed record KvLayer(int Window, int RingLength, TensorFormat Format, KvBuffers Ring, KvBuffers Fresh, PageTable Table)
{
    /// <summary>Where they lie in the device's memory.</summary>
    public TensorCache Addresses => new(
        Ring.Keys.LoadEffectiveAddressAsPtr(), Ring.Values.LoadEffectiveAddressAsPtr(), Fresh.Keys.LoadEffectiveAddressAsPtr(), Fresh.Values.LoadEffectiveAddressAsPtr());
}

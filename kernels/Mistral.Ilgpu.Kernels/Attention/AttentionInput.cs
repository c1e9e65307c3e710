using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>The buffers and shapes that every form of attention reads.</summary>
/// <param name="Qkv">tokens × QueryStride, a row holding heads queries, then kvHeads keys, then kvHeads values.</param>
/// <param name="Output">tokens × OutputStride, heads × headDim of it used.</param>
/// <param name="Ring">Keys and values of the sequences' earlier tokens, as <paramref name="Table"/> finds them.</param>
/// <param name="Fresh">Those of the prompts' tokens in this pass, not yet in their rings.</param>
/// <param name="Scale">What scores are multiplied with: 1 / √headDim, and the square of what a rope scaling multiplies queries
/// and keys by.</param>
/// <param name="SplitTiles">Tiles of keys that a split of a decoded token has at least, see <see cref="DecodeSplits"/>.</param>
public readonly record struct AttentionInput<TElement>(
    StepState State,
    ArrayView<float> Qkv,
    ArrayView<float> Output,
    KvTiles<TElement> Ring,
    KvTiles<TElement> Fresh,
    PageTable Table,
    int Heads,
    int KvHeads,
    Divisor HeadDim,
    int Window,
    int QueryStride,
    int OutputStride,
    float Scale,
    int SplitTiles = DecodeSplits.LeastTiles)
    where TElement : unmanaged
{
    /// <summary>Grouped-query attention (Ainslie et al., arXiv 2305.13245): so many neighbouring query heads share a kv
    /// head.</summary>
    public Divisor Group { get; } = new(Heads / KvHeads);
}

using System.Runtime.CompilerServices;
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

/// <summary>
/// The queries of a few tokens over the heads that share a kv head, and the tiles of keys that they attend to. Query i is that
/// of token i / group and of head i mod group.
/// </summary>
/// <param name="Queries">The tokens; keys before their <see cref="QueryTile.Start"/> are in the ring, the others fresh.</param>
/// <param name="EndTile">The tile behind the last.</param>
public readonly record struct AttentionBlock(QueryTile Queries, int KvHead, int FirstTile, int EndTile)
{
    /// <summary>Queries in a block at most.</summary>
    public const int MaxQueries = 64;

    /// <summary>All tiles that one of the queries can see: those outside the window's reach are never touched.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AttentionBlock Visible(QueryTile queries, int kvHead, int window) => new(
        queries,
        kvHead,
        SlidingWindow.FirstVisible(queries.Position, window) / TileLayout.Length,
        ((queries.Position + queries.Tokens - 1) / TileLayout.Length) + 1);
}

/// <summary>Where a block's outputs go.</summary>
/// <param name="At">Of the first token's first head.</param>
/// <param name="IsPart">Whether what is written is not yet divided by the sum of the weights, with the largest score and the
/// sum behind it: one of several parts that <see cref="MergeSplits"/> joins.</param>
public readonly record struct AttentionOutput(ArrayView<float> View, long At, int TokenStride, int HeadStride, bool IsPart)
{
    /// <summary>The final rows of the tokens from <paramref name="firstToken"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AttentionOutput Whole<TElement>(AttentionInput<TElement> input, int firstToken, int kvHead)
        where TElement : unmanaged => new(
        input.Output, ((long)firstToken * input.OutputStride) + (kvHead * input.Group * input.HeadDim),
        input.OutputStride, input.HeadDim, false);

    /// <summary>A decoded token's part of one split.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AttentionOutput Part<TElement>(
        AttentionInput<TElement> input, ArrayView<float> parts, int token, int kvHead, int split)
        where TElement : unmanaged
    {
        int perPart = input.HeadDim + DecodeSplits.Tail;
        long head = ((long)token * input.Heads) + (kvHead * input.Group);
        return new AttentionOutput(parts, ((head * DecodeSplits.Most) + split) * perPart, 0, DecodeSplits.Most * perPart, true);
    }
}

/// <summary>
/// How the keys of a decoded token are split, so that a long text is shared by more than its kv heads. The borders depend on the
/// token's position alone, so that its sums have one order whatever else is in the pass. How few tiles a split may have is the
/// device's: see <c>Family.SplitTiles</c>.
/// </summary>
public static class DecodeSplits
{
    /// <summary>Splits of a token at most.</summary>
    public const int Most = 32;

    /// <summary>Floats of a part behind its outputs: the largest score, the sum of the weights, and padding.</summary>
    public const int Tail = 16;

    /// <summary>Tiles of a split at least, where splitting further gains nothing.</summary>
    public const int LeastTiles = 16;

    /// <summary>Which float of the padding counts, as a whole number, the splits that are done: in the first part of the first
    /// head of a kv head, zero between launches.</summary>
    public const int DoneAt = 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int TilesPerSplit(int tiles, int leastTiles) => IntrinsicMath.Max(leastTiles, (tiles + Most - 1) / Most);

    /// <summary>Splits of a token at a position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Count(int position, int window, int leastTiles)
    {
        int tiles = (position / TileLayout.Length) - (SlidingWindow.FirstVisible(position, window) / TileLayout.Length) + 1;
        int perSplit = TilesPerSplit(tiles, leastTiles);
        return (tiles + perSplit - 1) / perSplit;
    }

    /// <summary>
    /// Splits that a launch makes room for: a power of two that no text of so many keys exceeds. Texts grow through few such
    /// rooms, and a launch is the same within one.
    /// </summary>
    public static int Room(int keys, int leastTiles)
    {
        // One tile more than the keys fill, for they may begin within one.
        int tiles = ((keys - 1) / TileLayout.Length) + 2;
        int most = Math.Min(Most, (tiles + leastTiles - 1) / leastTiles);
        return (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)most);
    }

    /// <summary>One split of a token's attention; without tiles past the last split.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static AttentionBlock Split(QueryTile token, int kvHead, int window, int split, int leastTiles)
    {
        var all = AttentionBlock.Visible(token, kvHead, window);
        int perSplit = TilesPerSplit(all.EndTile - all.FirstTile, leastTiles);
        int first = all.FirstTile + (split * perSplit);
        return new AttentionBlock(token, kvHead, first, IntrinsicMath.Min(first + perSplit, all.EndTile));
    }

    /// <summary>A decoded token as a tile of one, all of whose keys are in its ring.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static QueryTile Token(StepState state, int token) =>
        new(token, 1, state.Position(token), state.Sequence(token), state.Position(token) + 1, 0);
}

using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// How the keys of a decoded token are split, so that a long text is shared by more than its kv heads. The borders depend on the
/// token's position alone, so that its sums have one order whatever else is in the pass. How few tiles a split may have depends
/// on the device, see <c>Family.SplitTiles</c>.
/// </summary>
public static class DecodeSplits
{
    /// <summary>Splits of a token at most.</summary>
    public const int Most = 32;

    /// <summary>Floats of a part behind its outputs: the largest score, the sum of the weights, and padding.</summary>
    public const int Tail = 16;

    /// <summary>Tiles of a split at least, where splitting further gains nothing.</summary>
    public const int LeastTiles = 16;

    /// <summary>
    /// Which float of the padding counts the splits that are done, as a whole number. It is that of the first part of the first
    /// head of a kv head, and zero between launches.
    /// </summary>
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
    /// Splits that a launch makes room for: a power of two that no text of so many keys exceeds. A growing text goes through few
    /// such rooms, and its launches are the same within one.
    /// </summary>
    public static int Room(int keys, int leastTiles)
    {
        // One tile more than the keys fill, because they may begin within one.
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

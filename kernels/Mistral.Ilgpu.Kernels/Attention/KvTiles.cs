using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// How keys and values lie in memory: in tiles of <see cref="Length"/> neighbouring positions that start at multiples of it.
/// Within a tile each kv head has its keys as headDim × 16 and its values as 16 × headDim, so that scores are sums side by side
/// over positions, and outputs over elements: no kernel adds up across lanes. Formats with scales have one for each run of
/// <see cref="Run"/> elements of a head, keys' as runs × 16 and values' as 16 × runs.
/// </summary>
public static class TileLayout
{
    /// <summary>Positions in one tile.</summary>
    public const int Length = 16;

    /// <summary>Elements of a head that share a scale.</summary>
    public const int Run = 32;

    /// <summary>Where the keys, and the values, of a kv head in a tile start.</summary>
    /// <param name="tile">Counted in memory, not in the text.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long At(int tile, int kvHeads, int kvHead, int headDim) => (((long)tile * kvHeads) + kvHead) * Length * headDim;

    /// <summary>Where their scales start.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ScalesAt(int tile, int kvHeads, int kvHead, int headDim) =>
        (((long)tile * kvHeads) + kvHead) * Length * (headDim / Run);
}

/// <summary>Tiles of keys and values, laid out as <see cref="TileLayout"/> says.</summary>
public readonly record struct KvTiles<TElement>(
    ArrayView<TElement> Keys,
    ArrayView<TElement> Values,
    ArrayView<ushort> KeyScales,
    ArrayView<ushort> ValueScales)
    where TElement : unmanaged;

/// <summary>
/// Where the rings of all sequences lie. A ring of R positions, a multiple of a page, holds position p in slot p mod R; its
/// pages are anywhere in memory, as row <c>sequence</c> of the table says.
/// </summary>
/// <param name="Pages">Sequences × pages of a ring: the page's number in memory.</param>
/// <example>Pages of 16 positions, R = 64: position 70 is in slot 6, tile 4 of the text, page 0 of the ring.</example>
public readonly record struct PageTable(ArrayView<int> Pages, int PagesPerRing, Divisor TilesPerPage)
{
    private Divisor TilesPerRing { get; } = new(PagesPerRing * TilesPerPage);

    /// <summary>The tile in memory that holds tile <paramref name="tile"/> of a sequence's text.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(int sequence, int tile)
    {
        int inRing = tile % TilesPerRing;
        int page = inRing / TilesPerPage;
        return (Pages[(sequence * PagesPerRing) + page] * TilesPerPage) + (inRing - (page * TilesPerPage));
    }
}

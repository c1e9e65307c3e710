using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>Tiles of keys and values, laid out as <see cref="TileLayout"/> says.</summary>
public readonly record struct KvTiles<TElement>(
    ArrayView<TElement> Keys,
    ArrayView<TElement> Values,
    ArrayView<ushort> KeyScales,
    ArrayView<ushort> ValueScales)
    where TElement : unmanaged;

/// <summary>
/// Where the rings of all sequences lie. A ring of R positions, a multiple of a page, holds position p in slot p mod R. Its pages
/// are anywhere in memory, as row <c>sequence</c> of the table says.
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

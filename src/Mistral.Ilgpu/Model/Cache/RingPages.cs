namespace Mistral.Ilgpu.Model.Cache;

/// <summary>The allocation state of the pages of all layers with the same ring length.</summary>
/// <param name="ringLength">Positions in a ring, a multiple of the page length.</param>
/// <param name="pageLength">Positions in a page.</param>
/// <param name="pages">The number of pages, shared by all texts.</param>
internal sealed class RingPages(int ringLength, int pageLength, int pages, IPageStore store)
{
    public PagePool Pages { get; } = new(pages);

    public int RingLength => ringLength;

    public int PagesPerRing => ringLength / pageLength;

    /// <summary>Bytes of one page in all of these layers together.</summary>
    public long PageBytes => store.PageBytes;

    public IPageStore Store => store;

    /// <summary>The most pages that a text of this many tokens holds.</summary>
    public int PagesOf(long tokens) => (int)((Math.Min(tokens, ringLength) + pageLength - 1) / pageLength);

    /// <summary>Whether a text of this many tokens overwrites its oldest positions.</summary>
    public bool Turns(long tokens) => tokens > ringLength;
}

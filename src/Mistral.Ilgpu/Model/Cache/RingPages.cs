namespace Mistral.Ilgpu.Model.Cache;

/// <summary>The accounts of the pages of all layers whose rings are equally long.</summary>
/// <param name="ringLength">Positions in a ring, whole pages.</param>
/// <param name="pageLength">Positions in a page.</param>
/// <param name="pages">Pages of all texts together.</param>
/// <param name="pageBytes">Bytes that one page takes in all of these layers.</param>
internal sealed class RingPages(int ringLength, int pageLength, int pages, long pageBytes, IPageStore store)
{
    public PagePool Pages { get; } = new(pages);

    public int RingLength => ringLength;

    public int PagesPerRing => ringLength / pageLength;

    public long PageBytes => pageBytes;

    public IPageStore Store => store;

    /// <summary>Pages that a text of so many tokens holds at most.</summary>
    public int PagesOf(long tokens) => (int)((Math.Min(tokens, ringLength) + pageLength - 1) / pageLength);

    /// <summary>Whether a text of so many tokens overwrites its oldest positions.</summary>
    public bool Turns(long tokens) => tokens > ringLength;
}

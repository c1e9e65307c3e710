namespace Mistral.Ilgpu.Model.Cache;

/// <summary>The storage of the pages of one ring length on all devices that have layers of it.</summary>
internal sealed class PageStores(params IPageStore[] stores) : IPageStore
{
    public long PageBytes { get; } = stores.Sum(store => store.PageBytes);

    public void Set(int row, int ringPage, int page)
    {
        foreach (var store in stores)
        {
            store.Set(row, ringPage, page);
        }
    }

    public void Copy(int from, int to)
    {
        foreach (var store in stores)
        {
            store.Copy(from, to);
        }
    }

    public void Flush()
    {
        foreach (var store in stores)
        {
            store.Flush();
        }
    }

    public void Save(int page, Span<byte> to)
    {
        foreach (var store in stores)
        {
            store.Save(page, to[..(int)store.PageBytes]);
            to = to[(int)store.PageBytes..];
        }
    }

    public void Load(int page, ReadOnlySpan<byte> from)
    {
        foreach (var store in stores)
        {
            store.Load(page, from[..(int)store.PageBytes]);
            from = from[(int)store.PageBytes..];
        }
    }
}

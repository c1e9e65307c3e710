namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// Allocates equal pages and counts their holders. A sequence is promised in advance all pages that it can need, so that it
/// never lacks one. Pages that are neither held nor promised are available. Several sequences can hold a page. While one of
/// them can overwrite it, each holder except one needs a page in reserve. These reserved pages also count as promised. Freed
/// pages keep their content until they are taken again, in the order in which they were freed.
/// </summary>
internal sealed class PagePool
{
    private readonly int[] _holders;
    private readonly int[] _writers;
    private readonly LinkedList<int> _free = [];
    private readonly LinkedListNode<int>[] _nodes;

    public PagePool(int pages)
    {
        _holders = new int[pages];
        _writers = new int[pages];
        _nodes = [.. Enumerable.Range(0, pages).Select(_free.AddLast)];
    }

    public int Count => _nodes.Length;

    public int Free => _free.Count;

    public int Promised { get; private set; }

    public int Available => Free - Promised;

    public void Promise(int pages)
    {
        Promised += pages;
        if (Promised < 0 || Promised > Free)
        {
            throw new InvalidOperationException($"{Promised} pages promised, expected from 0 to {Free}");
        }
    }

    public bool IsHeld(int page) => _holders[page] > 0;

    public bool IsShared(int page) => _holders[page] > 1;

    /// <summary>Takes a promised page for one holder.</summary>
    /// <param name="overwrites">Whether the holder can later overwrite what it has written.</param>
    public int Take(bool overwrites)
    {
        int page = _free.First!.Value;
        _free.RemoveFirst();
        Promised--;
        (_holders[page], _writers[page]) = (1, overwrites ? 1 : 0);
        return page;
    }

    /// <summary>
    /// The number of additional pages to promise if one more sequence holds this page. The sequence's own promise includes one
    /// page for it.
    /// </summary>
    public int CostOfSharing(int page, bool overwrites) =>
        IsHeld(page)
            ? Reserve(_holders[page] + 1, _writers[page] + (overwrites ? 1 : 0)) - Reserve(_holders[page], _writers[page]) - 1
            : 0;

    /// <summary>
    /// Adds a holder to a page. The holder's own promise includes one page for it, and can follow after all shared pages are
    /// held.
    /// </summary>
    public void Share(int page, bool overwrites)
    {
        Promised += CostOfSharing(page, overwrites);
        if (!IsHeld(page))
        {
            _free.Remove(_nodes[page]);
            Promised--;
        }

        _holders[page]++;
        _writers[page] += overwrites ? 1 : 0;
    }

    /// <summary>The number of additional pages to promise if one more holder of a page can overwrite it.</summary>
    public int CostOfOverwriting(int page) =>
        Reserve(_holders[page], _writers[page] + 1) - Reserve(_holders[page], _writers[page]);

    /// <summary>Records that one more holder of a page can overwrite it.</summary>
    public void Overwrite(int page)
    {
        Promised += CostOfOverwriting(page);
        _writers[page]++;
    }

    /// <summary>Removes a holder from a page.</summary>
    public void GiveBack(int page, bool overwrites)
    {
        int before = Reserve(_holders[page], _writers[page]);
        _holders[page]--;
        _writers[page] -= overwrites ? 1 : 0;
        Promised += Reserve(_holders[page], _writers[page]) - before;
        if (_holders[page] == 0)
        {
            _free.AddLast(_nodes[page]);
        }
    }

    /// <summary>
    /// Removes a sequence that is about to overwrite a shared page from its holders. Takes another page for it from the page's
    /// reserve.
    /// </summary>
    public int Replace(int page)
    {
        // One page of the reserve is now promised to this sequence.
        GiveBack(page, overwrites: true);
        Promised++;
        return Take(overwrites: true);
    }

    private static int Reserve(int holders, int writers) => writers > 0 && holders > 1 ? holders - 1 : 0;
}

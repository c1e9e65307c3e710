namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// The accounts of a number of equal pages: who holds which, and how many are promised. A sequence is promised beforehand all the
/// pages that it may come to need, so that no page it takes can be missing; what is neither held nor promised is available.
/// A page may be held by several sequences. As long as one of them may come to overwrite it, each holder but one needs a page of
/// its own in reserve: those count as promised too. Pages given back keep their content until they are taken again, the one
/// given back first being taken first.
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
            throw new InvalidOperationException($"{Promised} pages promised of {Free}");
        }
    }

    public bool IsHeld(int page) => _holders[page] > 0;

    public bool IsShared(int page) => _holders[page] > 1;

    /// <summary>A page that was promised, to be held once.</summary>
    /// <param name="overwrites">Whether the holder may come to overwrite what it has written.</param>
    public int Take(bool overwrites)
    {
        int page = _free.First!.Value;
        _free.RemoveFirst();
        Promised--;
        (_holders[page], _writers[page]) = (1, overwrites ? 1 : 0);
        return page;
    }

    /// <summary>How many more pages are to be promised if one more sequence holds this page, which has been promised one for
    /// it.</summary>
    public int CostOfSharing(int page, bool overwrites) =>
        IsHeld(page)
            ? Reserve(_holders[page] + 1, _writers[page] + (overwrites ? 1 : 0)) - Reserve(_holders[page], _writers[page]) - 1
            : 0;

    /// <summary>Holds a page for one more sequence, which is promised one for it, now or once it holds all that it
    /// shares.</summary>
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

    /// <summary>How many more pages are to be promised if one more of a page's holders may come to overwrite it.</summary>
    public int CostOfOverwriting(int page) =>
        Reserve(_holders[page], _writers[page] + 1) - Reserve(_holders[page], _writers[page]);

    /// <summary>Counts one more of a page's holders among those who may come to overwrite it.</summary>
    public void Overwrite(int page)
    {
        Promised += CostOfOverwriting(page);
        _writers[page]++;
    }

    /// <summary>Ends one hold.</summary>
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

    /// <summary>Ends the hold of a sequence that is about to overwrite a shared page, and takes another for it, out of the
    /// page's reserve.</summary>
    public int Replace(int page)
    {
        // One page of the reserve is promised to this sequence now.
        GiveBack(page, overwrites: true);
        Promised++;
        return Take(overwrites: true);
    }

    private static int Reserve(int holders, int writers) => writers > 0 && holders > 1 ? holders - 1 : 0;
}

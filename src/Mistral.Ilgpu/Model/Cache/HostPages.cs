namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// Keys and values in host memory: pages of known prefixes whose device pages were taken by other texts, and pages of texts
/// that wait. Those that were used longest ago make room for others. The engine's thread alone uses it.
/// </summary>
/// <param name="capacity">The most bytes; 0 keeps nothing.</param>
internal sealed class HostPages(long capacity)
{
    private readonly LinkedList<HostPage> _pages = [];
    private readonly Dictionary<PrefixKey, HostPage> _prefixes = [];
    private long _bytes;

    public long Capacity => capacity;

    /// <summary>Bytes that are held now; may be read from any thread.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>The pages at the end of a prefix; null if they are not here.</summary>
    public HostPage? Find(PrefixKey key)
    {
        if (_prefixes.GetValueOrDefault(key) is not { } page)
        {
            return null;
        }

        _pages.Remove(page.Node!);
        _pages.AddLast(page.Node!);
        return page;
    }

    /// <summary>Takes memory for the pages at the end of a prefix.</summary>
    /// <returns>Null if they are here already, or if there is no room.</returns>
    public HostPage? TryAdd(PrefixKey key, bool isExact, long bytes)
    {
        if (Find(key) is { } known)
        {
            if (known.IsExact || !isExact || known.IsInUse)
            {
                return null;
            }

            Drop(known);
        }

        if (TryTake(bytes) is not { } memory)
        {
            return null;
        }

        var page = new HostPage(memory) { Key = key, IsExact = isExact };
        _prefixes.Add(key, page);
        Keep(page);
        return page;
    }

    /// <summary>Takes memory for a page of a text that waits.</summary>
    /// <returns>Null if there is no room.</returns>
    public HostPage? TryAdd(ParkedSequence owner, long bytes)
    {
        if (TryTake(bytes) is not { } memory)
        {
            return null;
        }

        // Its pages are stored together or not at all.
        var page = new HostPage(memory) { Owner = owner, IsInUse = true };
        Keep(page);
        return page;
    }

    /// <summary>Forgets pages.</summary>
    public void Drop(HostPage page)
    {
        if (page.Node is not { } node)
        {
            return;
        }

        _pages.Remove(node);
        page.Node = null;
        Volatile.Write(ref _bytes, _bytes - page.Bytes.Length);
        if (page.Key is { } key)
        {
            _prefixes.Remove(key);
        }
    }

    private void Keep(HostPage page)
    {
        page.Node = _pages.AddLast(page);
        Volatile.Write(ref _bytes, _bytes + page.Bytes.Length);
    }

    // Memory of the same size is used again, so that a full cache does not allocate.
    private byte[]? TryTake(long bytes)
    {
        byte[]? freed = null;
        while (_bytes + bytes > capacity)
        {
            if (_pages.FirstOrDefault(page => !page.IsInUse) is not { } oldest)
            {
                return null;
            }

            freed = oldest.Bytes;
            if (oldest.Owner is { } owner)
            {
                owner.Drop();
            }
            else
            {
                Drop(oldest);
            }
        }

        return freed?.Length == bytes ? freed : GC.AllocateUninitializedArray<byte>(checked((int)bytes), pinned: true);
    }
}

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// Maps texts to pages. A text takes a page when it reaches it, and frees all of its pages when it is closed. Texts with the
/// same beginning share pages. A text copies a shared page before it overwrites it. Device memory is accessed only through the
/// stores of the rings.
/// </summary>
internal sealed partial class SequenceTable
{
    // An array, because enumerating another list allocates in each pass.
    private readonly RingPages[] _rings;
    private readonly int _pageLength;
    private readonly PrefixIndex _prefixes;
    private readonly HostPages _host;
    private readonly Stack<int> _rows;

    /// <param name="rings">The pages of each ring length.</param>
    /// <param name="sequences">The most texts that can be open concurrently.</param>
    /// <param name="hostBytes">The most bytes of keys and values in host memory; 0 for none.</param>
    public SequenceTable(IReadOnlyList<RingPages> rings, int pageLength, int sequences, long hostBytes)
    {
        (_rings, _pageLength, _host) = ([.. rings], pageLength, new HostPages(hostBytes));
        _prefixes = new PrefixIndex(rings.Count, SaveToHost);
        _rows = new Stack<int>(Enumerable.Range(0, sequences).Reverse());
    }

    /// <summary>Bytes of all pages.</summary>
    public long Bytes => _rings.Sum(ring => ring.Pages.Count * ring.PageBytes);

    /// <summary>Bytes of the pages that are neither held nor promised.</summary>
    public long AvailableBytes => _rings.Sum(ring => ring.Pages.Available * ring.PageBytes);

    /// <summary>Bytes of the pages that texts hold.</summary>
    public long HeldBytes => _rings.Sum(ring => (ring.Pages.Count - ring.Pages.Free) * ring.PageBytes);

    /// <summary>Bytes of keys and values in host memory.</summary>
    public long HostBytes => _host.Bytes;

    /// <summary>The number of texts that can still be opened, regardless of memory.</summary>
    public int Free => _rows.Count;

    /// <summary>Whether a text of this many tokens fits an empty cache.</summary>
    public bool HasRoom(int maxTokens) => _rings.All(ring => ring.PagesOf(maxTokens) <= ring.Pages.Count);

    /// <summary>Requires that a text of this many tokens fits an empty cache.</summary>
    /// <exception cref="CacheFullException">The text does not fit.</exception>
    public void RequireRoom(int maxTokens)
    {
        if (!HasRoom(maxTokens))
        {
            throw new CacheFullException(maxTokens, _rings.Sum(ring => ring.PagesOf(maxTokens) * ring.PageBytes), Bytes);
        }
    }

    /// <summary>
    /// Opens a text and promises it all pages that it can need. Whole pages that its prompt has in common with known texts are
    /// shared, or copied from host memory, and not computed again.
    /// </summary>
    /// <param name="maxTokens">The most tokens that the text can have.</param>
    /// <param name="prompt">The tokens to search for among known prefixes, except the last; empty to share nothing.</param>
    /// <param name="salt">Distinguishes texts whose equal tokens have different keys.</param>
    /// <param name="withAnswers">Whether to share pages of decoded tokens and to keep those of this text for others. Their keys
    /// are rounded differently from those of a prompt.</param>
    /// <returns>Null if there is no room now.</returns>
    /// <exception cref="CacheFullException">The text would not fit an empty cache.</exception>
    public Sequence? TryOpen(int maxTokens, ReadOnlySpan<int> prompt, ulong salt, bool withAnswers = false)
    {
        RequireRoom(maxTokens);
        if (_rows.Count == 0)
        {
            return null;
        }

        var known = Known(prompt, salt, withAnswers);
        if (!CanPromise(maxTokens, known))
        {
            known = [];
            if (!CanPromise(maxTokens, known))
            {
                return null;
            }
        }

        var sequence = Promise(maxTokens, known, known is [.., var last] ? last.Key : PrefixKey.Root(salt), withAnswers);
        LoadFromHost(sequence, known);
        sequence.Position = known.Count * _pageLength;
        sequence.IsExact = known.TrueForAll(part => part.IsExact);
        return sequence;
    }

    /// <summary>Promises an open text the pages that it needs for more tokens.</summary>
    /// <param name="maxTokens">The most tokens that the text can have.</param>
    /// <returns>Whether there is room now. If not, the text is unchanged.</returns>
    public bool TryGrow(Sequence sequence, int maxTokens)
    {
        if (maxTokens <= sequence.MaxTokens)
        {
            return true;
        }

        for (int i = 0; i < _rings.Length; i++)
        {
            if (CostOfGrowing(i) > _rings[i].Pages.Available)
            {
                return false;
            }
        }

        for (int i = 0; i < _rings.Length; i++)
        {
            var ring = _rings[i];
            ring.Pages.Promise(ring.PagesOf(maxTokens) - ring.PagesOf(sequence.MaxTokens));
            foreach (int page in NewlyOverwritten(i))
            {
                ring.Pages.Overwrite(page);
            }
        }

        sequence.MaxTokens = maxTokens;
        return true;

        int CostOfGrowing(int i) => _rings[i].PagesOf(maxTokens) - _rings[i].PagesOf(sequence.MaxTokens)
            + NewlyOverwritten(i).Sum(_rings[i].Pages.CostOfOverwriting);

        IEnumerable<int> NewlyOverwritten(int i) => _rings[i].Turns(maxTokens) && !_rings[i].Turns(sequence.MaxTokens)
            ? sequence.Pages[i].Where(page => page >= 0)
            : [];
    }

    /// <summary>Closes a text and frees its pages. Does nothing if it is closed.</summary>
    public void Close(Sequence sequence)
    {
        if (!sequence.IsOpen)
        {
            return;
        }

        sequence.IsOpen = false;
        _rows.Push(sequence.Row);
        for (int i = 0; i < _rings.Length; i++)
        {
            var ring = _rings[i];
            int held = 0;
            // Frees the last pages first, so that the beginning of a text stays known longest.
            foreach (int page in sequence.Pages[i].Reverse().Where(page => page >= 0))
            {
                ring.Pages.GiveBack(page, ring.Turns(sequence.MaxTokens));
                held++;
            }

            ring.Pages.Promise(held - ring.PagesOf(sequence.MaxTokens));
        }
    }

    // Opens a text that shares pages on the device, and promises it all others.
    private Sequence Promise(int maxTokens, List<KnownPart> known, PrefixKey prefix, bool withAnswers)
    {
        int row = _rows.Pop();
        var pages = new int[_rings.Length][];
        for (int i = 0; i < _rings.Length; i++)
        {
            var ring = _rings[i];
            pages[i] = new int[ring.PagesPerRing];
            Array.Fill(pages[i], -1);
            for (int ringPage = 0; ringPage < known.Count; ringPage++)
            {
                if (known[ringPage].Pages is { } shared)
                {
                    pages[i][ringPage] = shared[i];
                    ring.Pages.Share(shared[i], ring.Turns(maxTokens));
                    ring.Store.Set(row, ringPage, shared[i]);
                }
            }

            ring.Pages.Promise(ring.PagesOf(maxTokens));
        }

        return new Sequence(this, row, maxTokens, pages, prefix) { KeepsAnswers = withAnswers };
    }

    private bool CanPromise(int maxTokens, List<KnownPart> known) => _rings.Select((ring, i) =>
        ring.PagesOf(maxTokens)
        + known.Sum(part => part.Pages is { } pages ? ring.Pages.CostOfSharing(pages[i], ring.Turns(maxTokens)) : 0)
            <= ring.Pages.Available).All(fits => fits);

    // The parts of a prompt, a page each, whose keys and values are known from the beginning on.
    private List<KnownPart> Known(ReadOnlySpan<int> prompt, ulong salt, bool withAnswers)
    {
        var prefix = PrefixKey.Root(salt);
        List<KnownPart> parts = [];
        int most = Math.Min(_rings.Min(ring => ring.RingLength), prompt.Length - 1) / _pageLength;
        while (parts.Count < most)
        {
            prefix = prefix.Then(prompt.Slice(parts.Count * _pageLength, _pageLength));
            var part = _prefixes.Find(prefix) is { } found && (found.IsExact || withAnswers)
                ? new KnownPart(prefix, found.IsExact, found.Pages, Copy: null)
                : _host.Find(prefix) is { } copy && (copy.IsExact || withAnswers)
                ? new KnownPart(prefix, copy.IsExact, Pages: null, copy)
                : null;
            if (part is null)
            {
                break;
            }

            parts.Add(part);
        }

        return parts;
    }

    /// <summary>A page's worth of a prompt: on the device, or in host memory.</summary>
    private sealed record KnownPart(PrefixKey Key, bool IsExact, int[]? Pages, HostPage? Copy);
}

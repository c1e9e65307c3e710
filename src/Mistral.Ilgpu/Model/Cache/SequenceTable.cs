namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// Which pages hold which texts. A text takes a page when it gets there, and gives all back when it is closed. Texts with the
/// same beginning share pages, and one that is about to overwrite a shared page goes on in a copy. It knows no device: the
/// stores of its rings do.
/// </summary>
internal sealed class SequenceTable
{
    // An array, because to enumerate another list allocates for each pass.
    private readonly RingPages[] _rings;
    private readonly int _pageLength;
    private readonly PrefixIndex _prefixes;
    private readonly Stack<int> _rows;

    /// <param name="rings">The pages of each length of rings.</param>
    /// <param name="sequences">Texts that may be open at once.</param>
    public SequenceTable(IReadOnlyList<RingPages> rings, int pageLength, int sequences)
    {
        (_rings, _pageLength) = ([.. rings], pageLength);
        _prefixes = new PrefixIndex(rings.Count);
        _rows = new Stack<int>(Enumerable.Range(0, sequences).Reverse());
    }

    /// <summary>Bytes of all pages.</summary>
    public long Bytes => _rings.Sum(ring => ring.Pages.Count * ring.PageBytes);

    /// <summary>Bytes of the pages that are neither held nor promised.</summary>
    public long AvailableBytes => _rings.Sum(ring => ring.Pages.Available * ring.PageBytes);

    /// <summary>Bytes of the pages that some text holds.</summary>
    public long HeldBytes => _rings.Sum(ring => (ring.Pages.Count - ring.Pages.Free) * ring.PageBytes);

    /// <summary>Texts that may still be opened, memory aside.</summary>
    public int Free => _rows.Count;

    /// <summary>Whether a text of so many tokens fits an empty cache.</summary>
    public bool HasRoom(int maxTokens) => _rings.All(ring => ring.PagesOf(maxTokens) <= ring.Pages.Count);

    /// <summary>Requires that a text of so many tokens fits an empty cache.</summary>
    /// <exception cref="CacheFullException">It does not.</exception>
    public void RequireRoom(int maxTokens)
    {
        if (!HasRoom(maxTokens))
        {
            throw new CacheFullException(maxTokens, _rings.Sum(ring => ring.PagesOf(maxTokens) * ring.PageBytes), Bytes);
        }
    }

    /// <summary>Begins a text. All pages that it may come to need are promised to it, so that it never runs out. Whole pages that
    /// its prompt has in common with known texts are shared, not computed.</summary>
    /// <param name="maxTokens">Tokens that the text may come to have.</param>
    /// <param name="prompt">Looked up among the known beginnings, its last token aside; empty to share nothing.</param>
    /// <param name="salt">Tells apart texts whose equal tokens have different keys.</param>
    /// <param name="withAnswers">Whether pages of decoded tokens are shared, and those of this text kept for others. Their keys
    /// are rounded otherwise than those of the same tokens in a prompt.</param>
    /// <returns>Null where there is no room now.</returns>
    /// <exception cref="CacheFullException">The text would not fit an empty cache.</exception>
    public Sequence? TryOpen(int maxTokens, ReadOnlySpan<int> prompt, ulong salt, bool withAnswers = false)
    {
        RequireRoom(maxTokens);
        if (_rows.Count == 0)
        {
            return null;
        }

        var (shared, prefix, isExact) = Known(prompt, salt, withAnswers);
        if (!CanPromise(maxTokens, shared))
        {
            (shared, prefix, isExact) = ([], PrefixKey.Root(salt), true);
            if (!CanPromise(maxTokens, shared))
            {
                return null;
            }
        }

        int row = _rows.Pop();
        var pages = new int[_rings.Length][];
        for (int i = 0; i < _rings.Length; i++)
        {
            var ring = _rings[i];
            pages[i] = new int[ring.PagesPerRing];
            Array.Fill(pages[i], -1);
            for (int ringPage = 0; ringPage < shared.Count; ringPage++)
            {
                pages[i][ringPage] = shared[ringPage][i];
                ring.Pages.Share(shared[ringPage][i], ring.Turns(maxTokens));
                ring.Store.Set(row, ringPage, shared[ringPage][i]);
            }

            ring.Pages.Promise(ring.PagesOf(maxTokens));
        }

        return new Sequence(this, row, maxTokens, pages, prefix)
        {
            Position = shared.Count * _pageLength, IsExact = isExact, KeepsAnswers = withAnswers,
        };
    }

    /// <summary>Promises an open text the pages that it needs to have more tokens.</summary>
    /// <param name="maxTokens">Tokens that the text may come to have.</param>
    /// <returns>Whether there is room now; the text is as it was where there is none.</returns>
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

    /// <summary>Gives the next tokens of a text slots that no other text reads.</summary>
    /// <exception cref="InvalidOperationException">The text is broken.</exception>
    public void Prepare(Sequence sequence, int count)
    {
        if (sequence.IsBroken)
        {
            throw new InvalidOperationException("a text whose pass was cut short, expected one that begins anew");
        }

        int firstPage = sequence.Position / _pageLength;
        int lastPage = (sequence.Position + count - 1) / _pageLength;
        for (int i = 0; i < _rings.Length; i++)
        {
            var ring = _rings[i];
            for (int page = Math.Max(firstPage, lastPage - ring.PagesPerRing + 1); page <= lastPage; page++)
            {
                int ringPage = page % ring.PagesPerRing;
                int held = sequence.Pages[i][ringPage];
                if (held < 0)
                {
                    Put(i, sequence, ringPage, ring.Pages.Take(ring.Turns(sequence.MaxTokens)));
                }
                else if (ring.Pages.IsShared(held))
                {
                    int copy = ring.Pages.Replace(held);
                    ring.Store.Copy(held, copy);
                    Put(i, sequence, ringPage, copy);
                }
                else if (page >= ring.PagesPerRing)
                {
                    _prefixes.Forget(i, held);
                }
            }

            ring.Store.Flush();
        }
    }

    /// <summary>Counts a text's next tokens as stored by a pass.</summary>
    /// <param name="isPrompt">Whether they were computed as those of prompts are.</param>
    public void Advance(Sequence sequence, ReadOnlySpan<int> ids, bool isPrompt)
    {
        sequence.Position += ids.Length;
        sequence.IsExact &= isPrompt;
        bool isWhole = sequence.IsExact || sequence.KeepsAnswers;
        foreach (var ring in _rings)
        {
            isWhole &= sequence.Position <= ring.RingLength;
        }

        if (!isWhole)
        {
            sequence.Unregistered = null;
        }

        if (sequence.Unregistered is { } unregistered)
        {
            unregistered.AddRange(ids);
            while (unregistered.Count >= _pageLength)
            {
                int ringPage = (sequence.Position - unregistered.Count) / _pageLength;
                sequence.Prefix = sequence.Prefix.Then(unregistered.GetRange(0, _pageLength).ToArray());
                unregistered.RemoveRange(0, _pageLength);
                _prefixes.Add(sequence.Prefix, [.. sequence.Pages.Select(pages => pages[ringPage])], sequence.IsExact);
            }
        }
    }

    /// <summary>Leaves a text where it was before a pass that may have stored some of its next tokens. Slots that held nothing
    /// before are written again. Where a ring has turned, their content is lost and the text is broken.</summary>
    public void Abandon(Sequence sequence, int count) =>
        sequence.IsBroken |= _rings.Any(ring => ring.Turns(sequence.Position + count));

    /// <summary>Goes on as if a text had so many more tokens, whatever its slots hold. This is for measurements, whose times do
    /// not depend on it.</summary>
    public void Skip(Sequence sequence, int count)
    {
        Prepare(sequence, count);
        sequence.Position += count;
        sequence.Unregistered = null;
    }

    /// <summary>Ends a text and gives its pages back; does nothing for one that has ended.</summary>
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
            // The last pages first, so that the beginning of a text is known longest.
            foreach (int page in sequence.Pages[i].Reverse().Where(page => page >= 0))
            {
                ring.Pages.GiveBack(page, ring.Turns(sequence.MaxTokens));
                held++;
            }

            ring.Pages.Promise(held - ring.PagesOf(sequence.MaxTokens));
        }
    }

    private void Put(int ring, Sequence sequence, int ringPage, int page)
    {
        _prefixes.Forget(ring, page);
        sequence.Pages[ring][ringPage] = page;
        _rings[ring].Store.Set(sequence.Row, ringPage, page);
    }

    private bool CanPromise(int maxTokens, List<int[]> shared) => _rings.Select((ring, i) =>
        ring.PagesOf(maxTokens) + shared.Sum(pages => ring.Pages.CostOfSharing(pages[i], ring.Turns(maxTokens)))
            <= ring.Pages.Available).All(fits => fits);

    private (List<int[]> Pages, PrefixKey Prefix, bool IsExact) Known(ReadOnlySpan<int> prompt, ulong salt, bool withAnswers)
    {
        var prefix = PrefixKey.Root(salt);
        bool isExact = true;
        List<int[]> pages = [];
        int most = Math.Min(_rings.Min(ring => ring.RingLength), prompt.Length - 1) / _pageLength;
        while (pages.Count < most)
        {
            var longer = prefix.Then(prompt.Slice(pages.Count * _pageLength, _pageLength));
            if (_prefixes.Find(longer) is not { } found || !(found.IsExact || withAnswers))
            {
                break;
            }

            pages.Add(found.Pages);
            isExact &= found.IsExact;
            prefix = longer;
        }

        return (pages, prefix, isExact);
    }
}

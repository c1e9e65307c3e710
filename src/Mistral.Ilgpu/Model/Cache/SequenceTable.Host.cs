namespace Mistral.Ilgpu.Model.Cache;

/// <summary>How pages move to host memory and back. The copies have the same bits.</summary>
internal sealed partial class SequenceTable
{
    /// <summary>Moves a text to host memory and closes it.</summary>
    /// <returns>Null if there is no room; the text is closed too.</returns>
    public ParkedSequence? Park(Sequence sequence)
    {
        var parked = new ParkedSequence(_host) { Position = sequence.Position, IsExact = sequence.IsExact };
        bool fits = !sequence.IsBroken && sequence.Position > 0
            && HeldPages(sequence).Sum(held => _rings[held.Ring].PageBytes) <= _host.Capacity
            && HeldPages(sequence).All(held => parked.TryAdd(held.Ring, held.RingPage, _rings[held.Ring].PageBytes));
        if (fits)
        {
            foreach (var (ring, ringPage, copy) in parked.Pages)
            {
                _rings[ring].Store.Save(sequence.Pages[ring][ringPage], copy.Bytes);
            }

            parked.Hold(false);
        }
        else
        {
            parked.Drop();
        }

        Close(sequence);
        return fits ? parked : null;
    }

    /// <summary>Opens a text again that was moved to host memory, and frees that memory.</summary>
    /// <param name="maxTokens">The most tokens that the text can have.</param>
    /// <returns>Null if there is no room now, or if the memory was taken for others.</returns>
    public Sequence? TryReturn(ParkedSequence parked, int maxTokens)
    {
        if (parked.IsDropped || _rows.Count == 0 || !CanPromise(maxTokens, []))
        {
            return null;
        }

        // Taking pages may move others to host memory.
        parked.Hold(true);
        var sequence = Promise(maxTokens, [], default, withAnswers: false);
        foreach (var (ring, ringPage, copy) in parked.Pages)
        {
            Take(ring, sequence, ringPage);
            _rings[ring].Store.Load(sequence.Pages[ring][ringPage], copy.Bytes);
        }

        (sequence.Position, sequence.IsExact, sequence.Unregistered) = (parked.Position, parked.IsExact, null);
        parked.Drop();
        return sequence;
    }

    // The pages of each ring are copied one behind the other.
    private void SaveToHost(PrefixKey key, KnownPrefix known)
    {
        if (_host.TryAdd(key, known.IsExact, _rings.Sum(ring => ring.PageBytes)) is not { } copy)
        {
            return;
        }

        var bytes = copy.Bytes.AsSpan();
        for (int i = 0; i < _rings.Length; i++)
        {
            int length = (int)_rings[i].PageBytes;
            _rings[i].Store.Save(known.Pages[i], bytes[..length]);
            bytes = bytes[length..];
        }
    }

    // Other texts can share the pages again.
    private void LoadFromHost(Sequence sequence, List<KnownPart> known)
    {
        Hold(true);
        for (int ringPage = 0; ringPage < known.Count; ringPage++)
        {
            if (known[ringPage].Copy is not { } copy)
            {
                continue;
            }

            ReadOnlySpan<byte> bytes = copy.Bytes;
            for (int i = 0; i < _rings.Length; i++)
            {
                int length = (int)_rings[i].PageBytes;
                Take(i, sequence, ringPage);
                _rings[i].Store.Load(sequence.Pages[i][ringPage], bytes[..length]);
                bytes = bytes[length..];
            }

            _prefixes.Add(known[ringPage].Key, [.. sequence.Pages.Select(pages => pages[ringPage])], copy.IsExact);
        }

        Hold(false);

        void Hold(bool isInUse) => known.ForEach(part => part.Copy?.IsInUse = isInUse);
    }

    private static IEnumerable<(int Ring, int RingPage)> HeldPages(Sequence sequence)
    {
        for (int ring = 0; ring < sequence.Pages.Length; ring++)
        {
            for (int ringPage = 0; ringPage < sequence.Pages[ring].Length; ringPage++)
            {
                if (sequence.Pages[ring][ringPage] >= 0)
                {
                    yield return (ring, ringPage);
                }
            }
        }
    }
}

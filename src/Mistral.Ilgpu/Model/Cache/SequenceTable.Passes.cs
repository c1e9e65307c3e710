namespace Mistral.Ilgpu.Model.Cache;

/// <summary>How passes move the texts on.</summary>
internal sealed partial class SequenceTable
{
    /// <summary>Prepares slots for the next tokens of a text, which no other text reads.</summary>
    /// <exception cref="InvalidOperationException">The text is broken.</exception>
    public void Prepare(Sequence sequence, int count)
    {
        if (sequence.IsBroken)
        {
            throw new InvalidOperationException("found a text whose pass was cut short, expected a new text");
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
                    Take(i, sequence, ringPage);
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

    /// <summary>Records that a pass has stored the next tokens of a text.</summary>
    /// <param name="isPrompt">Whether they were computed as part of a prompt.</param>
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

    /// <summary>
    /// Keeps a text at its position before a pass that may have stored some of its next tokens. Slots that were empty are
    /// written again. If a ring has wrapped, their old content is lost and the text is broken.
    /// </summary>
    public void Abandon(Sequence sequence, int count) =>
        sequence.IsBroken |= _rings.Any(ring => ring.Turns(sequence.Position + count));

    /// <summary>
    /// Advances a text without computing its tokens, whatever its slots hold. Used by measurements, whose times do not depend
    /// on the content.
    /// </summary>
    public void Skip(Sequence sequence, int count)
    {
        Prepare(sequence, count);
        sequence.Position += count;
        sequence.Unregistered = null;
    }

    private void Take(int ring, Sequence sequence, int ringPage) =>
        Put(ring, sequence, ringPage, _rings[ring].Pages.Take(_rings[ring].Turns(sequence.MaxTokens)));

    private void Put(int ring, Sequence sequence, int ringPage, int page)
    {
        _prefixes.Forget(ring, page);
        sequence.Pages[ring][ringPage] = page;
        _rings[ring].Store.Set(sequence.Row, ringPage, page);
    }
}

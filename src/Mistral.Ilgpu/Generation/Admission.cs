using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;

namespace Mistral.Ilgpu.Generation;

/// <summary>
/// Gives waiting texts their places in the cache. All of the queue is looked at: a text that finds no room may be overtaken by
/// one that needs less, but not for ever. Places that conversations keep are given to others where nothing else is left, and
/// what they hold moves to host memory.
/// </summary>
internal sealed class Admission(IBatchModel model, TextQueue waiting)
{
    /// <summary>Texts that may begin before one that came earlier.</summary>
    public const int MostOvertaken = 32;

    // The one that was idle longest comes first.
    private readonly List<KeptSequence> _idle = [];

    // Texts that found no room when the queue was looked at last.
    private readonly List<TextGeneration> _blocked = [];
    private bool _hasFreed;

    /// <summary>The texts that find room now, with their places.</summary>
    public IReadOnlyList<TextGeneration> Admit()
    {
        CloseReleased();
        // Nothing else makes room for those who found none.
        if (!(waiting.HasChanged() | _hasFreed))
        {
            return [];
        }

        _hasFreed = false;
        List<TextGeneration> admitted = [];
        _blocked.Clear();
        foreach (var text in waiting.Snapshot())
        {
            if (_blocked.Exists(earlier => earlier.Overtaken >= MostOvertaken))
            {
                break;
            }

            Sequence? place;
            try
            {
                place = Open(text);
            }
            catch (Exception exception)
            {
                if (waiting.Take(text))
                {
                    text.Fail(exception);
                }

                continue;
            }

            if (place is null)
            {
                _blocked.Add(text);
                continue;
            }

            if (!waiting.Take(text))
            {
                // Cancelled meanwhile.
                place.Dispose();
                _hasFreed = true;
                continue;
            }

            text.Begin(place);
            admitted.Add(text);
            _blocked.ForEach(earlier => earlier.Overtaken++);
        }

        return admitted;
    }

    /// <summary>Takes the place of a text that ends: it is free, or kept for the next turn of its conversation.</summary>
    /// <param name="isIntact">Whether the keys and values in it are the text's.</param>
    public void Leave(TextGeneration text, bool isIntact)
    {
        if (text.ReleaseSequence() is not { } place)
        {
            return;
        }

        _hasFreed = true;
        if (text.Request.Kept is not { IsReleased: false } kept || !isIntact || place.IsBroken)
        {
            place.Dispose();
            return;
        }

        // Another text of the same conversation may have left its place before.
        kept.Close();
        _idle.Remove(kept);
        (kept.Sequence, kept.Adapters) = (place, text.Adapters.Key);
        kept.Ids = [.. text.Prompt.Concat(text.Ids).Take(place.Position)];
        _idle.Add(kept);
    }

    /// <summary>Gives back the places that conversations keep.</summary>
    public void CloseKept()
    {
        _idle.ForEach(kept => kept.Close());
        _idle.Clear();
    }

    private void CloseReleased()
    {
        for (int i = _idle.Count - 1; i >= 0; i--)
        {
            // Asked once, because it may change at any time.
            if (_idle[i].IsReleased)
            {
                _idle[i].Close();
                _idle.RemoveAt(i);
                _hasFreed = true;
            }
        }
    }

    private Sequence? Open(TextGeneration text)
    {
        if (text.Request.Kept is { IsThere: true } kept)
        {
            // A reader needs every token computed.
            if (text.Reader is null && kept.Precedes(text.Prompt, text.Adapters.Key))
            {
                if (TryReserve(kept, text.MaxTokens))
                {
                    var place = kept.Sequence;
                    kept.Sequence = null;
                    _idle.Remove(kept);
                    return place;
                }

                // Once nothing else runs there is room. Its host memory may have been taken for others meanwhile.
                if (kept.IsThere)
                {
                    return null;
                }
            }

            kept.Close();
            _idle.Remove(kept);
        }

        while (true)
        {
            if (TryOpen(text) is { } opened)
            {
                return opened;
            }

            if (!CloseIdle(except: null))
            {
                return null;
            }
        }
    }

    private bool TryReserve(KeptSequence kept, int maxTokens)
    {
        while (!kept.TryReserve(model.Sequences, maxTokens))
        {
            if (!CloseIdle(except: kept))
            {
                return false;
            }
        }

        return true;
    }

    // Not that of a conversation whose next turn waits before the text that asks.
    private bool CloseIdle(KeptSequence? except)
    {
        var oldest = _idle.Find(kept =>
            kept.Sequence is not null && kept != except && !_blocked.Exists(text => text.Request.Kept == kept));
        oldest?.Park(model.Sequences);
        return oldest is not null;
    }

    private Sequence? TryOpen(TextGeneration text) => model.Sequences.Free == 0 ? null : model.Sequences.TryOpen(
        text.MaxTokens, text.MayShare ? text.Prompt : [], text.Adapters.Key,
        withAnswers: text.MayShare && text.Request.PrefixReuse == PrefixReuse.PromptsAndAnswers);
}

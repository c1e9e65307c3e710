namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// Maps prefixes to the pages of their keys and values, so that texts with the same beginning share them. An entry has a page
/// of each ring length. It is removed when one of them is overwritten.
/// </summary>
/// <param name="rings">The number of ring lengths.</param>
/// <param name="onOverwrite">Called with a prefix before one of its pages is overwritten.</param>
internal sealed class PrefixIndex(int rings, Action<PrefixKey, KnownPrefix> onOverwrite)
{
    private readonly Dictionary<PrefixKey, KnownPrefix> _known = [];
    private readonly Dictionary<int, PrefixKey>[] _keys = [.. Enumerable.Range(0, rings).Select(
        _ => new Dictionary<int, PrefixKey>())];

    /// <summary>The pages at the end of the prefix; null if it is unknown.</summary>
    public KnownPrefix? Find(PrefixKey key) => _known.GetValueOrDefault(key);

    /// <summary>Adds a prefix. Exact pages replace others and are never replaced.</summary>
    public void Add(PrefixKey key, int[] pages, bool isExact)
    {
        if (_known.TryGetValue(key, out var known) && !known.IsExact && isExact)
        {
            Remove(key, known);
        }

        if (_known.TryAdd(key, new KnownPrefix(pages, isExact)))
        {
            for (int ring = 0; ring < pages.Length; ring++)
            {
                _keys[ring][pages[ring]] = key;
            }
        }
    }

    /// <summary>Removes the entry of a page whose content changes.</summary>
    public void Forget(int ring, int page)
    {
        if (_keys[ring].TryGetValue(page, out var key))
        {
            var known = _known[key];
            onOverwrite(key, known);
            Remove(key, known);
        }
    }

    private void Remove(PrefixKey key, KnownPrefix known)
    {
        _known.Remove(key);
        for (int ring = 0; ring < known.Pages.Length; ring++)
        {
            _keys[ring].Remove(known.Pages[ring]);
        }
    }
}

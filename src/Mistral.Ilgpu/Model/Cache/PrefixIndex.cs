namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// Maps prefixes to the pages of their keys and values, so that texts with the same beginning share them. An entry has a page
/// of each ring length. It is removed when one of them is overwritten.
/// </summary>
/// <param name="rings">The number of ring lengths.</param>
internal sealed class PrefixIndex(int rings)
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
            Forget(0, known.Pages[0]);
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
        if (_keys[ring].Remove(page, out var key) && _known.Remove(key, out var known))
        {
            for (int other = 0; other < known.Pages.Length; other++)
            {
                _keys[other].Remove(known.Pages[other]);
            }
        }
    }
}

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// Which pages hold the keys and values of which prefixes, so that a text that begins as another need not compute them again.
/// An entry names a page of each ring length, and ends when one of them is overwritten.
/// </summary>
/// <param name="rings">How many lengths of rings there are.</param>
internal sealed class PrefixIndex(int rings)
{
    private readonly Dictionary<PrefixKey, KnownPrefix> _known = [];
    private readonly Dictionary<int, PrefixKey>[] _keys = [.. Enumerable.Range(0, rings).Select(
        _ => new Dictionary<int, PrefixKey>())];

    /// <summary>The pages that end the prefix; null where it is not known.</summary>
    public KnownPrefix? Find(PrefixKey key) => _known.GetValueOrDefault(key);

    /// <summary>Makes a prefix known. Exact pages take the place of others, and no pages take the place of exact ones.</summary>
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

    /// <summary>Ends the entry of a page whose content changes.</summary>
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

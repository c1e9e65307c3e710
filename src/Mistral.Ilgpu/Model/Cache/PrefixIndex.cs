using System.Security.Cryptography;

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// Which pages hold the keys and values of which prefixes, so that a text that begins as another need not compute them again.
/// An entry names a page of each pool, and ends when one of them is overwritten.
/// </summary>
internal sealed class PrefixIndex(int pools)
{
    private readonly Dictionary<PrefixKey, int[]> _pages = [];
    private readonly Dictionary<int, PrefixKey>[] _keys = [.. Enumerable.Range(0, pools).Select(
        _ => new Dictionary<int, PrefixKey>())];

    /// <summary>The page in each pool that ends the prefix; null where there is none.</summary>
    public int[]? Find(PrefixKey key) => _pages.GetValueOrDefault(key);

    public void Add(PrefixKey key, int[] pages)
    {
        if (_pages.TryAdd(key, pages))
        {
            for (int pool = 0; pool < pages.Length; pool++)
            {
                _keys[pool][pages[pool]] = key;
            }
        }
    }

    /// <summary>The page's content is no longer what it was.</summary>
    public void Forget(int pool, int page)
    {
        if (_keys[pool].Remove(page, out var key) && _pages.Remove(key, out int[]? pages))
        {
            for (int other = 0; other < pages.Length; other++)
            {
                _keys[other].Remove(pages[other]);
            }
        }
    }
}

using System.Diagnostics.Metrics;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Observability;

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// The rotating buffer cache (Mistral 7B, arXiv 2310.06825, §2) of many texts at once: a ring of window slots for each layer and
/// text, so memory stays flat however long a text. A layer without a window gets a ring as long as the context, which never
/// turns. Rings are made of pages from common pools, as in PagedAttention (Kwon et al., arXiv 2309.06180): a text takes a page
/// when it gets there and gives all back in the end; texts with the same beginning share pages, and one that is about to
/// overwrite a shared page goes on in a copy.
/// </summary>
internal sealed partial class RotatingKvCache : IDisposable
{
    private readonly List<IDisposable> _buffers = [];
    private readonly List<KvPool> _pools = [];
    private readonly PrefixIndex _prefixes;
    private readonly Stack<int> _rows;
    private readonly Meter _meter = Telemetry.CreateMeter();

    internal RotatingKvCache(ComputeDevice device, ModelConfig config, ModelOptions options, int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.PageLength % TileLayout.Length, 0, nameof(options.PageLength));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Sequences);
        Shape = ShapeOf(config, options);
        var plans = Plan(config, options);
        try
        {
            var fresh = Shape.Allocate(device, (long)FreshTiles(options, rows) * TileLayout.Length, _buffers);
            foreach (var ring in plans.GroupBy(plan => plan.RingLength).OrderByDescending(group => group.Key))
            {
                _pools.Add(
                    new KvPool(device, Shape, ring.Key, ring.Count(), PageCount(config, options, ring.Key), options.Sequences));
            }

            var next = _pools.ToDictionary(pool => pool.RingLength, pool => (Pool: pool, Layers: pool.Layers.GetEnumerator()));
            Layers =
            [
                .. plans.Select(plan =>
                {
                    var (pool, layers) = next[plan.RingLength];
                    layers.MoveNext();
                    return new KvLayer(plan.Window, plan.RingLength, plan.Format, layers.Current, fresh, pool.Table);
                }),
            ];
        }
        catch
        {
            Dispose();
            throw;
        }

        _prefixes = new PrefixIndex(_pools.Count);
        _rows = new Stack<int>(Enumerable.Range(0, options.Sequences).Reverse());
        _meter.CreateObservableUpDownCounter(
            "mistral.cache.pages", Pages, "{page}", "Pages of the cache that texts hold, that are promised to them, and others.");
    }

    public IReadOnlyList<KvLayer> Layers { get; }

    /// <summary>Bytes of all pages.</summary>
    public long Bytes => _pools.Sum(pool => pool.Pages.Count * pool.PageBytes);

    /// <summary>Bytes of the pages that are neither held nor promised.</summary>
    public long AvailableBytes => _pools.Sum(pool => pool.Pages.Available * pool.PageBytes);

    /// <summary>Bytes of the pages that some text holds.</summary>
    public long HeldBytes => _pools.Sum(pool => (pool.Pages.Count - pool.Pages.Free) * pool.PageBytes);

    /// <summary>Texts that may still be opened, memory aside.</summary>
    public int FreeSequences => _rows.Count;

    internal KvShape Shape { get; }

    /// <summary>Sees to it that a text of so many tokens fits an empty cache.</summary>
    /// <exception cref="CacheFullException">It does not.</exception>
    internal void RequireRoom(int maxTokens)
    {
        if (!HasRoom(maxTokens))
        {
            throw new CacheFullException(maxTokens, _pools.Sum(pool => pool.PagesOf(maxTokens) * pool.PageBytes), Bytes);
        }
    }

    /// <summary>Whether a text of so many tokens fits an empty cache.</summary>
    internal bool HasRoom(int maxTokens) => _pools.All(pool => pool.PagesOf(maxTokens) <= pool.Pages.Count);

    /// <summary>Begins a text. What it may come to need is promised to it, so that it never runs out; what its prompt has in
    /// common with texts known before, in whole pages, it need not compute.</summary>
    /// <param name="maxTokens">Tokens that the text may come to have.</param>
    /// <param name="prompt">Looked up among the known beginnings, its last token aside; empty to share nothing.</param>
    /// <param name="salt">Tells apart texts whose equal tokens have different keys.</param>
    /// <returns>Null where there is no room now.</returns>
    /// <exception cref="CacheFullException">The text would not fit an empty cache.</exception>
    internal Sequence? TryOpen(int maxTokens, ReadOnlySpan<int> prompt, ulong salt)
    {
        RequireRoom(maxTokens);
        if (_rows.Count == 0)
        {
            return null;
        }

        var shared = Known(prompt, salt, out var prefix);
        if (!CanPromise(maxTokens, shared))
        {
            (shared, prefix) = ([], PrefixKey.Root(salt));
            if (!CanPromise(maxTokens, shared))
            {
                return null;
            }
        }

        int row = _rows.Pop();
        var pages = new int[_pools.Count][];
        for (int i = 0; i < _pools.Count; i++)
        {
            var pool = _pools[i];
            pages[i] = new int[pool.PagesPerRing];
            Array.Fill(pages[i], -1);
            for (int ringPage = 0; ringPage < shared.Count; ringPage++)
            {
                pages[i][ringPage] = shared[ringPage][i];
                pool.Pages.Share(shared[ringPage][i], maxTokens > pool.RingLength);
                pool.Set(row, ringPage, shared[ringPage][i]);
            }

            pool.Pages.Promise(pool.PagesOf(maxTokens));
        }

        return new Sequence(this, row, maxTokens, pages, prefix) { Position = shared.Count * Shape.PageLength };
    }

    /// <summary>Sees to it that the next tokens of a text have slots that no other text reads.</summary>
    /// <exception cref="InvalidOperationException">The text is broken.</exception>
    internal void Prepare(Sequence sequence, int count)
    {
        if (sequence.IsBroken)
        {
            throw new InvalidOperationException("found a text that a pass has been cut short of, expected one that begins anew");
        }

        int firstPage = sequence.Position / Shape.PageLength;
        int lastPage = (sequence.Position + count - 1) / Shape.PageLength;
        for (int i = 0; i < _pools.Count; i++)
        {
            var pool = _pools[i];
            bool turns = sequence.MaxTokens > pool.RingLength;
            for (int page = Math.Max(firstPage, lastPage - pool.PagesPerRing + 1); page <= lastPage; page++)
            {
                int ringPage = page % pool.PagesPerRing;
                int held = sequence.Pages[i][ringPage];
                if (held < 0)
                {
                    Put(i, sequence, ringPage, pool.Pages.Take(turns));
                }
                else if (pool.Pages.IsShared(held))
                {
                    int copy = pool.Pages.Replace(held);
                    pool.Copy(held, copy);
                    Put(i, sequence, ringPage, copy);
                }
                else if (page >= pool.PagesPerRing)
                {
                    _prefixes.Forget(i, held);
                }
            }

            pool.Flush();
        }
    }

    /// <summary>Takes note that a pass has stored a text's next tokens.</summary>
    /// <param name="isPrompt">Whether they were computed as those of prompts are: only such pages are shared, for the other forms
    /// of kernels round otherwise.</param>
    internal void Advance(Sequence sequence, ReadOnlySpan<int> ids, bool isPrompt)
    {
        sequence.Position += ids.Length;
        bool isWhole = isPrompt;
        foreach (var pool in _pools)
        {
            isWhole &= sequence.Position <= pool.RingLength;
        }

        if (!isWhole)
        {
            sequence.Unregistered = null;
        }

        if (sequence.Unregistered is { } unregistered)
        {
            unregistered.AddRange(ids);
            while (unregistered.Count >= Shape.PageLength)
            {
                int ringPage = (sequence.Position - unregistered.Count) / Shape.PageLength;
                sequence.Prefix = sequence.Prefix.Then(unregistered.GetRange(0, Shape.PageLength).ToArray());
                unregistered.RemoveRange(0, Shape.PageLength);
                _prefixes.Add(sequence.Prefix, [.. sequence.Pages.Select(pages => pages[ringPage])]);
            }
        }
    }

    /// <summary>Takes note that a pass may have stored some of a text's next tokens and is not to go on. Slots that held nothing
    /// before are written again; where a ring has turned, what they held is lost.</summary>
    internal void Abandon(Sequence sequence, int count) =>
        sequence.IsBroken |= _pools.Any(pool => sequence.Position + count > pool.RingLength);

    /// <summary>Goes on as if a text had so many more tokens, whatever its slots hold: for measurements, whose times do not
    /// depend on it.</summary>
    internal void Skip(Sequence sequence, int count)
    {
        Prepare(sequence, count);
        sequence.Position += count;
        sequence.Unregistered = null;
    }

    internal void Close(Sequence sequence)
    {
        if (!sequence.IsOpen)
        {
            return;
        }

        sequence.IsOpen = false;
        _rows.Push(sequence.Row);
        for (int i = 0; i < _pools.Count; i++)
        {
            var pool = _pools[i];
            bool turns = sequence.MaxTokens > pool.RingLength;
            int held = 0;
            // The last pages first, so that the beginning of a text is known longest.
            foreach (int page in sequence.Pages[i].Reverse().Where(page => page >= 0))
            {
                pool.Pages.GiveBack(page, turns);
                held++;
            }

            pool.Pages.Promise(held - pool.PagesOf(sequence.MaxTokens));
        }
    }

    public void Dispose()
    {
        _meter.Dispose();
        foreach (var owned in _pools.Concat(_buffers))
        {
            owned.Dispose();
        }
    }

    private IEnumerable<Measurement<int>> Pages()
    {
        foreach (var pool in _pools)
        {
            var ring = new KeyValuePair<string, object?>("mistral.cache.ring_length", pool.RingLength);
            yield return new(pool.Pages.Count - pool.Pages.Free, ring, new("mistral.cache.state", "held"));
            yield return new(pool.Pages.Promised, ring, new("mistral.cache.state", "promised"));
            yield return new(pool.Pages.Available, ring, new("mistral.cache.state", "available"));
        }
    }

    private void Put(int pool, Sequence sequence, int ringPage, int page)
    {
        _prefixes.Forget(pool, page);
        sequence.Pages[pool][ringPage] = page;
        _pools[pool].Set(sequence.Row, ringPage, page);
    }

    private bool CanPromise(int maxTokens, List<int[]> shared) => _pools.Select((pool, i) =>
        pool.PagesOf(maxTokens) + shared.Sum(pages => pool.Pages.CostOfSharing(pages[i], maxTokens > pool.RingLength))
            <= pool.Pages.Available).All(fits => fits);

    private List<int[]> Known(ReadOnlySpan<int> prompt, ulong salt, out PrefixKey prefix)
    {
        prefix = PrefixKey.Root(salt);
        List<int[]> pages = [];
        int most = Math.Min(_pools.Min(pool => pool.RingLength), prompt.Length - 1) / Shape.PageLength;
        while (pages.Count < most)
        {
            var longer = prefix.Then(prompt.Slice(pages.Count * Shape.PageLength, Shape.PageLength));
            if (_prefixes.Find(longer) is not { } found)
            {
                break;
            }

            pages.Add(found);
            prefix = longer;
        }

        return pages;
    }
}

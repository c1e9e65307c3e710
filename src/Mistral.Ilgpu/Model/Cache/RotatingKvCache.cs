using System.Diagnostics.Metrics;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Observability;

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>
/// The rotating buffer cache (Mistral 7B, arXiv 2310.06825, §2) of many texts. Each layer and text has a ring of window slots,
/// so that the memory does not grow with the text. A layer without a window has a ring as long as the context, which never
/// wraps. Rings consist of pages from common pools, as in PagedAttention (Kwon et al., arXiv 2309.06180).
/// <see cref="Sequences"/> maps texts to pages.
/// </summary>
internal sealed partial class RotatingKvCache : IDisposable
{
    private readonly List<IDisposable> _buffers = [];
    private readonly List<KvPool> _pools = [];
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

            var next = _pools.ToDictionary(
                pool => pool.Rings.RingLength, pool => (Pool: pool, Layers: pool.Layers.GetEnumerator()));
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

        Sequences = new SequenceTable([.. _pools.Select(pool => pool.Rings)], options.PageLength, options.Sequences);
        Telemetry.Publish(() => _meter.CreateObservableUpDownCounter(
            "mistral.cache.pages", Pages, "{page}",
            "Pages of the cache that texts hold, that are promised to texts, and that are available."));
    }

    public IReadOnlyList<KvLayer> Layers { get; }

    /// <summary>The texts whose keys and values the cache holds.</summary>
    public SequenceTable Sequences { get; }

    /// <summary>Bytes of all pages.</summary>
    public long Bytes => Sequences.Bytes;

    internal KvShape Shape { get; }

    public void Dispose()
    {
        Telemetry.Close(_meter);
        foreach (var owned in _pools.Concat(_buffers))
        {
            owned.Dispose();
        }
    }

    private IEnumerable<Measurement<int>> Pages()
    {
        foreach (var ring in _pools.Select(pool => pool.Rings))
        {
            var length = new KeyValuePair<string, object?>("mistral.cache.ring_length", ring.RingLength);
            yield return new(ring.Pages.Count - ring.Pages.Free, length, new("mistral.cache.state", "held"));
            yield return new(ring.Pages.Promised, length, new("mistral.cache.state", "promised"));
            yield return new(ring.Pages.Available, length, new("mistral.cache.state", "available"));
        }
    }
}

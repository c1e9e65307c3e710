using System.Diagnostics.Metrics;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Planning;

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
    private readonly List<RingPages> _rings = [];

    // The pools of each ring length, one on each device that has layers of it.
    private readonly List<List<KvPool>> _pools = [];
    private readonly Meter _meter = Telemetry.CreateMeter();

    /// <summary>Creates the cache of a model on one device.</summary>
    internal RotatingKvCache(ComputeDevice device, ModelConfig config, ModelOptions options, int rows)
        : this([(device, Plan(config, options))], config, options, rows)
    {
    }

    /// <param name="parts">Each device, and the layers whose keys and values it holds; together all layers in order.</param>
    /// <param name="rows">The most tokens in one pass.</param>
    internal RotatingKvCache(
        IReadOnlyList<(ComputeDevice Device, IReadOnlyList<KvPlan> Layers)> parts, ModelConfig config, ModelOptions options,
        int rows)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.PageLength % TileLayout.Length, 0, nameof(options.PageLength));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Sequences);
        Shape = ShapeOf(config, options);
        var layers = new KvLayer[parts.Sum(part => part.Layers.Count)];
        try
        {
            var fresh = parts.Select(part => Shape.Allocate(
                part.Device, (long)FreshTiles(options, rows) * TileLayout.Length, _buffers)).ToList();
            foreach (var ring in parts.SelectMany(part => part.Layers)
                .GroupBy(plan => plan.RingLength).OrderByDescending(ring => ring.Key))
            {
                int pages = PageCount(config, options, ring.Key);
                var pools = new List<KvPool>();
                _pools.Add(pools);
                foreach (var ((device, plans), shared) in parts.Zip(fresh))
                {
                    var own = plans.Where(plan => plan.RingLength == ring.Key).ToList();
                    if (own.Count == 0)
                    {
                        continue;
                    }

                    var pool = new KvPool(device, Shape, ring.Key, own.Count, pages, options.Sequences);
                    pools.Add(pool);
                    foreach (var (plan, buffers) in own.Zip(pool.Layers))
                    {
                        layers[plan.Layer] = new KvLayer(
                            plan.Window, plan.RingLength, plan.Format, buffers, shared, pool.Table);
                    }
                }

                _rings.Add(new RingPages(ring.Key, options.PageLength, pages, new PageStores([.. pools])));
            }
        }
        catch
        {
            Dispose();
            throw;
        }

        Layers = layers;
        Sequences = new SequenceTable(_rings, options.PageLength, options.Sequences, options.HostCacheBytes);
        Telemetry.Publish(() => _meter.CreateObservableUpDownCounter(
            "mistral.cache.pages", Pages, "{page}",
            "Pages of the cache that texts hold, that are promised to texts, and that are available."));
        Telemetry.Publish(() => _meter.CreateObservableUpDownCounter(
            "mistral.cache.host", () => Sequences.HostBytes, "By", "Keys and values in host memory."));
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
        foreach (var owned in _pools.SelectMany(pools => pools).Concat(_buffers))
        {
            owned.Dispose();
        }
    }

    private IEnumerable<Measurement<int>> Pages()
    {
        foreach (var ring in _rings)
        {
            var length = new KeyValuePair<string, object?>("mistral.cache.ring_length", ring.RingLength);
            yield return new(ring.Pages.Count - ring.Pages.Free, length, new("mistral.cache.state", "held"));
            yield return new(ring.Pages.Promised, length, new("mistral.cache.state", "promised"));
            yield return new(ring.Pages.Available, length, new("mistral.cache.state", "available"));
        }
    }
}

using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>Computes the size of a cache before it is created.</summary>
internal sealed partial class RotatingKvCache
{
    /// <summary>
    /// Slots of each layer's ring for one text: its window, or the context if it is shorter, rounded up to whole pages.
    /// </summary>
    internal static IReadOnlyList<int> Rings(ModelConfig config, ModelOptions options)
    {
        int? context = options.ContextOf(config);
        return
        [
            .. Enumerable.Range(0, config.LayerCount).Select(layer =>
            {
                long slots = Math.Min(config.WindowOf(layer) ?? int.MaxValue, context ?? int.MaxValue);
                // No text has more tokens than an int can count.
                long pages = Math.Min((slots + options.PageLength - 1) / options.PageLength, int.MaxValue / options.PageLength);
                return (int)pages * options.PageLength;
            }),
        ];
    }

    /// <summary>The cache of each layer.</summary>
    internal static IReadOnlyList<KvPlan> Plan(ModelConfig config, ModelOptions options)
    {
        int? context = options.ContextOf(config);
        return
        [
            .. Rings(config, options).Select((length, layer) =>
                new KvPlan(layer, config.WindowOf(layer) ?? context ?? length, length, options.CacheType)),
        ];
    }

    /// <summary>Bytes of the rings of some layers if every text fills its own.</summary>
    internal static long FullBytes(ModelConfig config, ModelOptions options, IReadOnlyList<KvPlan> layers)
    {
        var shape = ShapeOf(config, options);
        return Sum(layers.Select(layer => (Int128)shape.BytesOf(layer.RingLength) * options.Sequences));
    }

    /// <summary>Bytes of all pages with these options.</summary>
    public static long BytesFor(ModelConfig config, ModelOptions options) => BytesFor(config, options, Plan(config, options));

    /// <summary>Bytes of the pages of some layers.</summary>
    internal static long BytesFor(ModelConfig config, ModelOptions options, IReadOnlyList<KvPlan> layers)
    {
        var shape = ShapeOf(config, options);
        return Sum(layers.GroupBy(layer => layer.RingLength).Select(ring =>
            (Int128)PageCount(config, options, ring.Key) * shape.PageBytes * ring.Count()));
    }

    /// <summary>Bytes of the fresh keys and values of a pass, and of the page tables, for some layers.</summary>
    internal static long WorkBytes(ModelConfig config, ModelOptions options, int rows, IReadOnlyList<KvPlan> layers) =>
        Sum(layers.Select(layer => layer.RingLength).Distinct().Select(length => TableBytes(options, length))
            .Append(ShapeOf(config, options).BytesOf((long)FreshTiles(options, rows) * TileLayout.Length)));

    /// <summary>The most tiles of fresh keys in a pass. Each prompt can begin and end within a tile.</summary>
    internal static int FreshTiles(ModelOptions options, int rows) => (rows / TileLayout.Length) + (2 * options.Sequences);

    // A table that is too large for an array counts as larger than the memory of any device.
    private static Int128 TableBytes(ModelOptions options, int length) =>
        (long)options.Sequences * (length / options.PageLength) is var pages && pages <= Array.MaxLength
            ? pages * sizeof(int)
            : long.MaxValue;

    private static long Sum(IEnumerable<Int128> bytes) =>
        long.CreateSaturating(bytes.Aggregate(Int128.Zero, (sum, some) => sum + some));

    private static KvShape ShapeOf(ModelConfig config, ModelOptions options) =>
        new(
            config.KvHeadCount,
            AttentionShape.Of(config, options.CacheType).PaddedHeadDim,
            options.CacheType,
            options.PageLength);

    private static int PageCount(ModelConfig config, ModelOptions options, int ringLength)
    {
        double part = Math.Min(1, (options.CacheBytes ?? long.MaxValue) / (double)FullBytes(config, options, Plan(config, options)));
        return Math.Max(1, (int)(part * options.Sequences * (ringLength / options.PageLength)));
    }
}

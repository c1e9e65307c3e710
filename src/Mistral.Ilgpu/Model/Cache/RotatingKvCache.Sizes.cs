using Mistral.Ilgpu.Execution;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Model.Cache;

/// <summary>What a cache would take, known before one is made.</summary>
public sealed partial class RotatingKvCache
{
    /// <summary>Slots of each layer's ring for one text: its window, or the context where that is shorter, in whole pages.</summary>
    internal static IReadOnlyList<int> Rings(ModelConfig config, ModelOptions options)
    {
        int? context = MistralModel.ContextOf(config, options);
        return
        [
            .. Enumerable.Range(0, config.LayerCount).Select(layer =>
            {
                int slots = Math.Min(config.WindowOf(layer) ?? int.MaxValue, context ?? int.MaxValue);
                return (slots + options.PageLength - 1) / options.PageLength * options.PageLength;
            }),
        ];
    }

    /// <summary>Bytes of the rings that all texts together could fill.</summary>
    internal static long FullBytes(ModelConfig config, ModelOptions options)
    {
        var shape = ShapeOf(config, options);
        return Rings(config, options).Sum(length => shape.BytesOf(length)) * options.Sequences;
    }

    /// <summary>Bytes of all pages with these options.</summary>
    public static long BytesFor(ModelConfig config, ModelOptions options)
    {
        var shape = ShapeOf(config, options);
        return Rings(config, options).GroupBy(length => length).Sum(ring =>
            PageCount(config, options, ring.Key) * shape.PageBytes * ring.Count());
    }

    /// <summary>Bytes for the fresh keys and values of a pass, and for the page tables.</summary>
    internal static long WorkBytes(ModelConfig config, ModelOptions options, int rows) =>
        ShapeOf(config, options).BytesOf((long)FreshTiles(options, rows) * TileLayout.Length)
            + Rings(config, options).Distinct().Sum(length => (long)options.Sequences * (length / options.PageLength) * sizeof(int));

    /// <summary>Tiles of fresh keys in a pass at most: each prompt may begin and end within one.</summary>
    internal static int FreshTiles(ModelOptions options, int rows) => (rows / TileLayout.Length) + (2 * options.Sequences);

    private static KvShape ShapeOf(ModelConfig config, ModelOptions options) =>
        new(config.KvHeadCount, AttentionShape.Of(config, options.CacheType).PaddedHeadDim, options.CacheType, options.PageLength);

    private static int PageCount(ModelConfig config, ModelOptions options, int ringLength)
    {
        double part = Math.Min(1, (options.CacheBytes ?? long.MaxValue) / (double)FullBytes(config, options));
        return Math.Max(1, (int)(part * options.Sequences * (ringLength / options.PageLength)));
    }
}

using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Fits the layers of a model into the memory of one device. Reduces the chunk first, then the cache of many texts, which then
/// wait for each other, then the layers that stay on the device.
/// </summary>
internal sealed class MemoryFit
{
    // The least length to which a chunk is reduced.
    private const int LeastChunk = 16;

    // The part of a device that the cache of many texts may take from layers, and that long passes may.
    private const int CacheShare = 4;
    private const int PassShare = 16;

    private readonly ModelConfig _config;
    private readonly ModelOptions _options;
    private readonly DeviceRoom _room;
    private readonly ModelPlan _plan;
    private readonly bool _mayStream;
    private readonly AdapterSizes _adapters;

    // The cache of one text, of all texts, and the most that a cache may take if layers are streamed.
    private readonly long _one;
    private readonly long _full;
    private readonly long _mostBesideLayers;

    private readonly int _slots;

    // As few streamed layers as the options ask for, or all in place.
    private readonly Residency _least;

    private MemoryFit(
        ModelConfig config, ModelOptions options, DeviceRoom room, ModelPlan plan, AdapterSizes adapters, bool mayStream,
        bool isRandom)
    {
        (_config, _options, _room, _plan, _adapters, _mayStream) = (config, options, room, plan, adapters, mayStream);
        _one = RotatingKvCache.BytesFor(config, options with { Sequences = 1 }, plan.Caches);
        _full = RotatingKvCache.FullBytes(config, options, plan.Caches);
        _mostBesideLayers = Math.Max(_one, room.AvailableBytes / CacheShare);
        _slots = Family.Of(room.Info).LayerSlots;
        var all = Residency.Of(plan, plan.Layers.Count, _slots);
        bool isKept = all.IsInPlace && !isRandom
            && all.StreamedBytes >= options.KeptFrom && all.StreamedBytes <= options.LayerCacheBytes;
        _least = options.StreamedLayers is int least and > 0 ? Residency.Of(plan, least, _slots)
            : isKept ? all
            : Residency.Whole(plan);
    }

    /// <param name="config">The configuration after <see cref="ModelOptions.Adapt"/>.</param>
    /// <param name="mayStream">Whether layers may be streamed to make the model fit.</param>
    /// <returns>The memory, which may be more than there is, and the options as fitted.</returns>
    public static (MemoryPlan Memory, ModelOptions Options) Of(
        ModelConfig config, IReadOnlyDictionary<string, CheckpointTensor> tensors, ModelOptions options,
        IReadOnlyList<DeviceRoom> devices, bool mayStream = true)
    {
        // A family's layout of weights can differ, so each device has a plan of its own.
        var plans = devices.Select(device => MistralGraph.PlanOf(config, tensors, options, device.Info)).ToList();
        var ranges = Split(config, options, devices, plans);
        var adapters = new AdapterSizes(config, tensors, options);
        bool isRandom = tensors.Values.Any(tensor => tensor.Generator is not null);
        var fits = FitsWith(options);
        if (fits.Exists(fit => fit is { Streams: true, _slots: > 0 }) && options.StreamedSequences > options.Sequences)
        {
            // Each transfer serves all texts.
            options = options with { Sequences = options.StreamedSequences };
            fits = FitsWith(options);
        }

        // Prompts have the same chunks on all devices, and a text has the same pages.
        int chunk = fits.Min(fit => fit.LongestChunk());
        var residencies = fits.Select(fit => fit.ResidencyWith(chunk)).ToList();
        var (left, full) = fits.Zip(residencies, (fit, residency) => (Left: fit.CacheWith(chunk, residency), Full: fit._full))
            .MinBy(cache => cache.Left / (double)cache.Full);
        if (options.CacheBytes is null && left < full)
        {
            long all = RotatingKvCache.FullBytes(config, options, RotatingKvCache.Plan(config, options));
            options = options with { CacheBytes = (long)((Int128)left * all / full) };
        }

        return (
            new MemoryPlan(
                [
                    .. fits.Zip(residencies, (fit, residency) => new PartMemory(
                        fit._room, fit._plan, residency, RotatingKvCache.BytesFor(config, options, fit._plan.Caches),
                        fit.PassBytes(chunk), fit.AdapterBytes(chunk)))
                ],
                chunk),
            options);

        List<MemoryFit> FitsWith(ModelOptions options) =>
        [
            .. Enumerable.Range(0, devices.Count).Where(i => ranges[i].GetOffsetAndLength(config.LayerCount).Length > 0)
                .Select(i => new MemoryFit(
                    config, options, devices[i], plans[i].Part(ranges[i]), adapters, mayStream, isRandom)),
        ];
    }

    private static IReadOnlyList<Range> Split(
        ModelConfig config, ModelOptions options, IReadOnlyList<DeviceRoom> devices, List<ModelPlan> plans)
    {
        if (devices.Count > config.LayerCount)
        {
            throw new DeviceException($"{devices.Count} devices for {config.LayerCount} layers, expected at most one for each");
        }

        if (options.Split is { } shares)
        {
            return shares.Count == devices.Count
                ? LayerSplit.InProportion(config.LayerCount, shares)
                : throw new DeviceException($"a split of {shares.Count} shares, expected {devices.Count}, one for each device");
        }

        return devices.Count == 1
            ? [Range.All]
            : LayerSplit.ByMemory(
                [
                    .. devices.Zip(plans, (device, plan) => new LayerRoom(
                        device.AvailableBytes,
                        MistralModel.PassBytes(device.Info, plan, config, options, options.ChunkOn(device.Info)),
                        [
                            .. plan.BytesOfLayers().Zip(plan.Caches, (weights, cache) => long.CreateSaturating(
                                (Int128)weights + RotatingKvCache.BytesFor(config, options, [cache]))),
                        ],
                        device.IsSpare)),
                ]);
    }

    // Whether even the least chunk leaves too little memory for the layers.
    private bool Streams => _options.StreamedLayers > 0 || (_mayStream && ChunkWith(_least) is null);

    private int LongestChunk() => (ChunkWith(_least), _mayStream ? ChunkWith(Within(0)) : null) switch
    {
        ({ } chunk, _) => chunk,
        (_, { } chunk) => Longer(chunk),
        _ => _options.Chunk ?? LeastChunk,
    };

    // A transfer serves all tokens of a pass, so passes may be longer than kernels alone need.
    private int Longer(int chunk)
    {
        int longest = _options.Chunk ?? Family.Of(_room.Info).StreamedChunk;
        while (2 * chunk <= longest
            && PassBytes(2 * chunk) + AdapterBytes(2 * chunk) <= _room.AvailableBytes / PassShare)
        {
            chunk *= 2;
        }

        return chunk;
    }

    // As many layers stay as fit beside the cache of many texts, if any do, and else beside that of one.
    private Residency ResidencyWith(int chunk)
    {
        if (!_mayStream || Left(chunk, _least.DeviceBytes) >= _one)
        {
            return _least;
        }

        long left = Left(chunk, _options.CacheBytes is null ? Math.Min(_full, _mostBesideLayers) : CacheBytes);
        var residency = Within(left);
        return residency.DeviceBytes <= left ? residency : Within(Left(chunk, _one));
    }

    private Residency Within(long bytes) => Residency.Within(_plan, bytes, _slots);

    // What the cache may take.
    private long CacheWith(int chunk, Residency residency)
    {
        long left = Math.Max(_one, Left(chunk, residency.DeviceBytes));
        return residency.Streamed.Count > 0 ? Math.Min(left, _mostBesideLayers) : left;
    }

    private long CacheBytes => RotatingKvCache.BytesFor(_config, _options, _plan.Caches);

    // The longest chunk that fits; null if none does. One that the options ask for is not reduced.
    private int? ChunkWith(Residency residency)
    {
        int chunk = _options.ChunkOn(_room.Info);
        while (_options.Chunk is null && chunk > LeastChunk && Left(chunk, residency.DeviceBytes) < _one)
        {
            chunk /= 2;
        }

        return Left(chunk, residency.DeviceBytes) < _one ? null : chunk;
    }

    private long Left(int tokens, long taken) =>
        long.CreateSaturating((Int128)_room.AvailableBytes - taken - PassBytes(tokens) - AdapterBytes(tokens));

    private long AdapterBytes(int tokens) => _adapters.BytesFor(_plan, _options.RowsFor(tokens));

    private long PassBytes(int tokens) => MistralModel.PassBytes(_room.Info, _plan, _config, _options, tokens);
}

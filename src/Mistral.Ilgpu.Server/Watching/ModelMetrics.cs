using System.Collections.Concurrent;
using System.Globalization;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Server.Loading;
using Prometheus;

namespace Mistral.Ilgpu.Server.Watching;

/// <summary>The metrics of one model under vLLM's names. Counts go on when it is unloaded and loaded again; its gauges are zero
/// meanwhile.</summary>
internal sealed class ModelMetrics
{
    private readonly ConcurrentDictionary<TextGeneration, string> _adapters = [];
    private readonly ModelSlot _model;
    private readonly TextMetrics _texts;
    private readonly Gauge _running;
    private readonly Gauge _waiting;
    private readonly Gauge _cacheUsage;
    private readonly Gauge _cacheInfo;
    private readonly Gauge _adapterInfo;

    /// <param name="factory">Gives metrics the model's name.</param>
    public ModelMetrics(ModelSlot model, IMetricFactory factory)
    {
        _model = model;
        _texts = new TextMetrics(factory);
        _running = factory.CreateGauge("vllm_num_requests_running", "Texts that hold a place in the cache.");
        _waiting = factory.CreateGauge("vllm_num_requests_waiting", "Texts submitted and not yet begun.");
        _cacheUsage = factory.CreateGauge("vllm_kv_cache_usage_perc", "Part of the cache that texts hold; 1 is all of it.");
        _adapterInfo = factory.CreateGauge(
            "vllm_lora_requests_info", "When the texts with adapters were these, in seconds since 1970.",
            ["max_lora", "running_lora_adapters", "waiting_lora_adapters"]);
        _cacheInfo = factory.CreateGauge(
            "vllm_cache_config_info", "The cache of keys and values.", ["block_size", "cache_dtype"]);
    }

    /// <summary>Notes that a text was submitted.</summary>
    public void OnBegin(TextGeneration text)
    {
        if (text.Request.Adapters is [var adapter]
            && _model.Adapters.Names.FirstOrDefault(pair => pair.Value == adapter).Key is { } name)
        {
            _adapters[text] = name;
        }
    }

    /// <summary>Counts a text that has ended.</summary>
    public void OnEnd(TextGeneration text)
    {
        _adapters.TryRemove(text, out _);
        _texts.OnEnd(text);
    }

    /// <summary>Reads what is so at this moment.</summary>
    public void Collect()
    {
        var status = _model.Status;
        _running.Set(status.Running);
        _waiting.Set(status.Waiting);
        if (_model.Model?.Language.Model is not { } model)
        {
            _cacheUsage.Set(0);
            return;
        }

        var cache = model.Cache.Sequences;
        _cacheUsage.Set(cache.Bytes == 0 ? 0 : (double)cache.HeldBytes / cache.Bytes);
        var (length, type) = (model.Options.PageLength, model.Options.CacheType);
        _cacheInfo.WithLabels(length.ToString(CultureInfo.InvariantCulture), $"{type}").Set(1);
        CollectAdapters();
    }

    private void CollectAdapters()
    {
        // The latest is the one that counts, as with vLLM.
        foreach (string[] labels in _adapterInfo.GetAllLabelValues().ToList())
        {
            _adapterInfo.RemoveLabelled(labels);
        }

        int count = _model.Adapters.Names.Count;
        if (count > 0 || !_adapters.IsEmpty)
        {
            _adapterInfo.WithLabels(
                count.ToString(CultureInfo.InvariantCulture),
                Names(text => text.Timings.QueueTime > TimeSpan.Zero), Names(text => text.Timings.QueueTime == TimeSpan.Zero))
                .Set(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        }
    }

    private string Names(Func<TextGeneration, bool> chooses) => string.Join(
        ',', _adapters.Where(pair => chooses(pair.Key)).Select(pair => pair.Value).Distinct().Order(StringComparer.Ordinal));
}

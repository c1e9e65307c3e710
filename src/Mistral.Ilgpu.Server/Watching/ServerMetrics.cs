using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Observability;
using Prometheus;

namespace Mistral.Ilgpu.Server.Watching;

/// <summary>
/// What <c>/metrics</c> tells: under vLLM's names, so that its dashboards and routers read it, and beside them the library's own
/// instruments and those of .NET.
/// </summary>
internal sealed partial class ServerMetrics : IDisposable
{
    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>The meters of the library and of .NET that tell of a server.</summary>
    public static readonly string[] Meters =
        [Telemetry.Name, "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly ConcurrentDictionary<TextGeneration, string> _adapters = [];
    private readonly IDisposable _meters;
    private readonly ServedModel _model;
    private readonly TextMetrics _texts;
    private readonly Gauge _running;
    private readonly Gauge _waiting;
    private readonly Gauge _cacheUsage;
    private readonly Gauge _adapterInfo;

    public ServerMetrics(ServedModel model)
    {
        _model = model;
        _registry.SetStaticLabels(new Dictionary<string, string> { ["model_name"] = model.Name, ["engine"] = "0" });
        var factory = Metrics.WithCustomRegistry(_registry);
        _texts = new TextMetrics(factory);
        _running = factory.CreateGauge("vllm_num_requests_running", "Texts that hold a place in the cache.");
        _waiting = factory.CreateGauge("vllm_num_requests_waiting", "Texts submitted and not yet begun.");
        _cacheUsage = factory.CreateGauge("vllm_kv_cache_usage_perc", "Part of the cache that texts hold; 1 is all of it.");
        _adapterInfo = factory.CreateGauge(
            "vllm_lora_requests_info", "When the texts with adapters were these, in seconds since 1970.",
            "max_lora", "running_lora_adapters", "waiting_lora_adapters");
        var options = model.Language.Model.Options;
        factory.CreateGauge("vllm_cache_config_info", "The cache of keys and values.", "block_size", "cache_dtype")
            .WithLabels(options.PageLength.ToString(CultureInfo.InvariantCulture), $"{options.CacheType}").Set(1);
        _registry.AddBeforeCollectCallback(Collect);
        _meters = MeterAdapter.StartListening(new MeterAdapterOptions
        {
            Registry = _registry,
            MetricFactory = factory,
            InstrumentFilterPredicate = instrument => Meters.Contains(instrument.Meter.Name),
        });
    }

    /// <summary><c>GET /metrics</c>, in Prometheus' text format.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text, context.RequestAborted);
        context.Response.ContentType = ContentType;
        await context.Response.WriteAsync(
            Name().Replace(Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length), "$1vllm:"), context.RequestAborted);
    }

    /// <summary>Notes that a text was submitted.</summary>
    public void OnBegin(TextGeneration text)
    {
        if (text.Request.Adapters is [var adapter])
        {
            _adapters[text] = _model.Adapters.First(pair => pair.Value == adapter).Key;
        }
    }

    /// <summary>Counts a text that has ended.</summary>
    public void OnEnd(TextGeneration text)
    {
        _adapters.TryRemove(text, out _);
        _texts.OnEnd(text);
    }

    public void Dispose() => _meters.Dispose();

    private void Collect()
    {
        var engine = _model.Language.Engine.Status;
        _running.Set(engine.Running);
        _waiting.Set(engine.Waiting);
        var cache = _model.Language.Model.Cache.Sequences;
        _cacheUsage.Set(cache.Bytes == 0 ? 0 : (double)cache.HeldBytes / cache.Bytes);
        if (_model.Language.Info.Adapters.Count > 0)
        {
            // The latest is the one that counts, as with vLLM.
            foreach (string[] labels in _adapterInfo.GetAllLabelValues().ToList())
            {
                _adapterInfo.RemoveLabelled(labels);
            }

            _adapterInfo.WithLabels(
                _model.Language.Info.Adapters.Count.ToString(CultureInfo.InvariantCulture),
                Names(text => text.Timings.QueueTime > TimeSpan.Zero), Names(text => text.Timings.QueueTime == TimeSpan.Zero))
                .Set(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        }
    }

    private string Names(Func<TextGeneration, bool> chooses) => string.Join(
        ',', _adapters.Where(pair => chooses(pair.Key)).Select(pair => pair.Value).Distinct().Order(StringComparer.Ordinal));

    // vLLM's names have a colon, which Prometheus allows and its client for .NET does not.
    [GeneratedRegex("^(# (?:HELP|TYPE) )?vllm_", RegexOptions.Multiline)]
    private static partial Regex Name();
}

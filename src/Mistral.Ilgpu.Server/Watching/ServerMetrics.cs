using System.Collections.Frozen;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Server.Loading;
using Prometheus;

namespace Mistral.Ilgpu.Server.Watching;

/// <summary>
/// What <c>/metrics</c> tells: of each model under vLLM's names, so that its dashboards and routers read it, and beside them the
/// library's own instruments and those of .NET, which are the process's.
/// </summary>
internal sealed partial class ServerMetrics : IDisposable
{
    private const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>The meters of the library and of .NET that tell of a server.</summary>
    public static readonly string[] Meters =
        [Telemetry.Name, "System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly FrozenDictionary<string, ModelMetrics> _models;
    private readonly IDisposable _meters;

    public ServerMetrics(ModelCatalog models)
    {
        var all = Metrics.WithCustomRegistry(_registry);
        _models = models.Slots.ToFrozenDictionary(
            slot => slot.Name, slot => new ModelMetrics(slot, all.WithLabels(LabelsOf(slot))));
        bool isOne = models.Slots is [_];
        _registry.AddBeforeCollectCallback(() =>
        {
            foreach (var model in _models.Values)
            {
                model.Collect();
            }
        });
        _meters = MeterAdapter.StartListening(new MeterAdapterOptions
        {
            Registry = _registry,
            MetricFactory = isOne ? all.WithLabels(LabelsOf(models.Slots[0])) : all,
            InstrumentFilterPredicate = instrument => Meters.Contains(instrument.Meter.Name)
                && (isOne || !IsOfEach(instrument)),
        });
    }

    /// <summary>The metrics of a model.</summary>
    public ModelMetrics Of(ServedModel model) => _models[model.Name];

    /// <summary><c>GET /metrics</c>, in Prometheus' text format.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text, context.RequestAborted);
        context.Response.ContentType = ContentType;
        await context.Response.WriteAsync(
            Name().Replace(Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length), "$1vllm:"), context.RequestAborted);
    }

    public void Dispose() => _meters.Dispose();

    private static Dictionary<string, string> LabelsOf(ModelSlot model) =>
        new() { ["model_name"] = model.Name, ["engine"] = "0" };

    // What each of several models and devices observes has the same name, and the last would stand for all.
    private static bool IsOfEach(Instrument instrument) =>
        instrument.Meter.Name == Telemetry.Name && instrument.IsObservable;

    // vLLM's names have a colon, which Prometheus allows and its client for .NET does not.
    [GeneratedRegex("^(# (?:HELP|TYPE) )?vllm_", RegexOptions.Multiline)]
    private static partial Regex Name();
}

using System.Diagnostics;
using System.Diagnostics.Metrics;
using Mistral.Ilgpu.Generation;
using Mistral.Ilgpu.Kernels.Tests;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Observability;
using Mistral.Ilgpu.Tests.Cli;
using Xunit;

namespace Mistral.Ilgpu.Tests.Observability;

/// <summary>What listeners get, and that nothing is done without one.</summary>
public sealed class TelemetryTests : IDisposable
{
    private readonly List<(string Name, double Value, string Tags)> _heard = [];
    private readonly MeterListener _listener = new()
    {
        InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == Telemetry.Name)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        },
    };

    public TelemetryTests()
    {
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Hear(instrument, value, tags));
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Batch_ManyTexts_TellsTokensLatencyQueueCacheAndMemory()
    {
        const int Texts = 3;
        int[] prompt = [1, .. Enumerable.Range(10, 39)];
        using var model = MistralModel.Load(TinyModel.Required, TestDevice.Get("cpu"), new ModelOptions(Sequences: 2));
        var engine = new Engine(model, TinyModel.Required.Tokenizer, maxWaiting: 10);
        _listener.Start();
        bool hasLooked = false;
        // The first begins alone, and waits until the others have come.
        using var others = new ManualResetEventSlim();
        List<TextGeneration> texts = [];
        var options = new GenerationOptions { MaxTokens = 5, IgnoreEos = true, LogitProcessors = [new Looking(Look)] };
        for (int i = 0; i < Texts; i++)
        {
            texts.Add(engine.Submit(new TextRequest(prompt) { Options = options }, TestContext.Current.CancellationToken));
        }

        others.Set();
        await Task.WhenAll(texts.Select(text => text.Completion));
        await engine.StopAsync();
        Assert.True(hasLooked);

        void Look()
        {
            others.Wait(TestContext.Current.CancellationToken);
            if (texts[1].Ids.Count == 0 || hasLooked)
            {
                return;
            }

            hasLooked = true;
            _listener.RecordObservableInstruments();
            Assert.Equal(1, Last("mistral.texts.waiting"));
            Assert.Equal(2, Last("mistral.texts.running"));
            // Two texts of 40 tokens, in pages of 16.
            Assert.InRange(Last("mistral.cache.pages", "held"), 4, 6);
            Assert.True(Last("mistral.cache.pages", "promised") + Last("mistral.cache.pages", "available") > 0);
            Assert.Equal(model.Devices.AllocatedBytes, Last("mistral.device.memory.usage", model.Devices[0].Info.Id));
        }

        int computed = texts.Sum(text => text.Timings.PrefillTokens);
        Assert.Equal(computed, Sum("mistral.tokens", "prefill"));
        Assert.Equal(prompt.Length * Texts, computed + Sum("mistral.tokens.shared"));
        Assert.True(Sum("mistral.tokens.shared") > 0);
        // The first token of each comes of its prompt.
        Assert.Equal(4 * Texts, Sum("mistral.tokens", "decode"));
        Assert.Equal(Sum("mistral.tokens"), Sum("mistral.pass.tokens"));
        foreach (string histogram in new[] { "mistral.queue.duration", "gen_ai.server.time_to_first_token", "gen_ai.server.time_per_output_token", "gen_ai.server.request.duration" })
        {
            var values = _heard.Where(item => item.Name == histogram).ToList();
            Assert.Equal(Texts, values.Count);
            Assert.All(values, item => Assert.InRange(item.Value, 1e-9, 600));
        }

        Assert.Equal(Texts, _heard.Count(item => item.Name == "gen_ai.server.request.duration" && item.Tags.Contains("length", StringComparison.Ordinal)));
        _listener.RecordObservableInstruments();
        Assert.Equal(0, Last("mistral.cache.pages", "held"));
    }

    [Fact]
    public async Task Activities_OfATextAloneAndOfOneCancelled_TellTokensAndReason()
    {
        var ended = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == Telemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (ended)
                {
                    ended.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var model = MistralModel.Load(TinyModel.Required, TestDevice.Get("cpu"));
        var engine = new Engine(model, TinyModel.Required.Tokenizer, maxWaiting: 10);
        using var parent = new Activity("asked").Start();
        var text = engine.Submit(
            new TextRequest([1, 20, 30]) { Options = new GenerationOptions { MaxTokens = 4, IgnoreEos = true } },
            TestContext.Current.CancellationToken);
        Assert.Same(parent, Activity.Current);
        await text.Completion;
        // Waits for the first, and never begins.
        var blocking = engine.Submit(
            new TextRequest([1]) { Options = new GenerationOptions { MaxTokens = int.MaxValue, IgnoreEos = true } },
            TestContext.Current.CancellationToken);
        var second = engine.Submit(new TextRequest([1, 2]), TestContext.Current.CancellationToken);
        second.Cancel();
        await second.Completion;
        await engine.DisposeAsync();
        ended.RemoveAll(activity => (int)activity.GetTagItem("gen_ai.usage.input_tokens")! == blocking.PromptIds.Count);

        Assert.Equal(["length", "cancelled"], ended.Select(activity => activity.GetTagItem("gen_ai.response.finish_reason")));
        Assert.Equal([3, 2], ended.Select(activity => (int)activity.GetTagItem("gen_ai.usage.input_tokens")!));
        Assert.Equal([4, 0], ended.Select(activity => (int)activity.GetTagItem("gen_ai.usage.output_tokens")!));
        Assert.All(ended, activity => Assert.Equal(parent.SpanId, activity.ParentSpanId));
    }

    [Fact]
    public void NobodyListens_NothingIsAllocated()
    {
        Tell();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Tell();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Tell()
        {
            for (int i = 0; i < 1000; i++)
            {
                Telemetry.OnPass(prefillTokens: 2, decodeTokens: 1);
                var activity = TextTelemetry.StartText();
                TextTelemetry.OnBegin(TimeSpan.FromSeconds(1), 3);
                TextTelemetry.OnEnd(activity, 3, 3, new GenerationTimings(1, TimeSpan.FromSeconds(1), 2, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)), FinishReason.Stop, null);
            }
        }
    }

    private sealed class Looking(Action look) : ILogitProcessor
    {
        public void Process(ReadOnlySpan<int> ids, int promptLength, Span<float> logits) => look();
    }

    private void Hear(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_heard)
        {
            _heard.Add((instrument.Name, value, string.Join(' ', tags.ToArray().Select(tag => tag.Value))));
        }
    }

    private double Last(string name, string tag = "") =>
        _heard.Last(item => item.Name == name && item.Tags.Contains(tag, StringComparison.Ordinal)).Value;

    private double Sum(string name, string tag = "") =>
        _heard.Where(item => item.Name == name && item.Tags.Contains(tag, StringComparison.Ordinal)).Sum(item => item.Value);
}

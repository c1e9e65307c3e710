using Mistral.Ilgpu.Generation;
using Prometheus;

namespace Mistral.Ilgpu.Server.Watching;

/// <summary>The metrics of texts that have ended, under vLLM's names and with its buckets.</summary>
internal sealed class TextMetrics
{
    private static readonly double[] FirstTokenBuckets =
    [
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
    ];

    private static readonly double[] TokenBuckets =
        [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];

    private static readonly double[] RequestBuckets =
        [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

    private static readonly double[] LengthBuckets =
        [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000];

    private readonly Counter _success;
    private readonly Counter _promptTokens;
    private readonly Counter _generatedTokens;
    private readonly Counter _cacheQueries;
    private readonly Counter _cacheHits;
    private readonly Histogram _firstToken;
    private readonly Histogram _betweenTokens;
    private readonly Histogram _whole;
    private readonly Histogram _queue;
    private readonly Histogram _prefill;
    private readonly Histogram _decode;
    private readonly Histogram _promptLength;
    private readonly Histogram _answerLength;

    public TextMetrics(IMetricFactory factory)
    {
        _success = factory.CreateCounter(
            "vllm_request_success_total", "Texts that have ended, by reason.", ["finished_reason"]);
        foreach (string reason in (string[])["stop", "length", "abort"])
        {
            _success.WithLabels(reason);
        }

        _promptTokens = factory.CreateCounter("vllm_prompt_tokens_total", "Tokens of prompts.");
        _generatedTokens = factory.CreateCounter("vllm_generation_tokens_total", "Tokens generated.");
        _cacheQueries = factory.CreateCounter(
            "vllm_prefix_cache_queries_total", "Tokens of prompts that were looked for in the cache.");
        _cacheHits = factory.CreateCounter("vllm_prefix_cache_hits_total", "Tokens of prompts that were in the cache.");
        _ = factory.CreateCounter("vllm_num_preemptions_total", "Texts that lost their place; none does here.");
        _firstToken = Create(
            "vllm_time_to_first_token_seconds", "From a text's submission to its first token.", FirstTokenBuckets);
        _betweenTokens = Create("vllm_inter_token_latency_seconds", "From a token to the next, as a text's mean.", TokenBuckets);
        _whole = Create("vllm_e2e_request_latency_seconds", "From a text's submission to its end.", RequestBuckets);
        _queue = Create("vllm_request_queue_time_seconds", "From a text's submission to its place.", RequestBuckets);
        _prefill = Create("vllm_request_prefill_time_seconds", "From a text's place to its first token.", RequestBuckets);
        _decode = Create("vllm_request_decode_time_seconds", "From a text's first token to its last.", RequestBuckets);
        _promptLength = Create("vllm_request_prompt_tokens", "Tokens of a prompt.", LengthBuckets);
        _answerLength = Create("vllm_request_generation_tokens", "Tokens generated for a prompt.", LengthBuckets);

        Histogram Create(string name, string help, double[] buckets) =>
            factory.CreateHistogram(name, help, new HistogramConfiguration { Buckets = buckets });
    }

    public void OnEnd(TextGeneration text)
    {
        var timings = text.Timings;
        _success.WithLabels(text.FinishReason switch
        {
            FinishReason.Stop => "stop",
            FinishReason.Length => "length",
            _ => "abort",
        }).Inc();
        _promptTokens.Inc(text.PromptIds.Count);
        _generatedTokens.Inc(text.Ids.Count);
        _promptLength.Observe(text.PromptIds.Count);
        _answerLength.Observe(text.Ids.Count);
        _queue.Observe(timings.QueueTime.TotalSeconds);
        _whole.Observe((timings.QueueTime + timings.PrefillTime + timings.DecodeTime).TotalSeconds);
        if (text.Reader is null)
        {
            _cacheQueries.Inc(text.PromptIds.Count);
            _cacheHits.Inc(text.CachedTokens);
        }

        if (timings.FirstTokenTime > TimeSpan.Zero)
        {
            _firstToken.Observe(timings.FirstTokenTime.TotalSeconds);
            _prefill.Observe(timings.PrefillTime.TotalSeconds);
            _decode.Observe(timings.DecodeTime.TotalSeconds);
        }

        if (timings.DecodeTokens > 0)
        {
            _betweenTokens.Observe(timings.DecodeTime.TotalSeconds / timings.DecodeTokens, timings.DecodeTokens);
        }
    }
}

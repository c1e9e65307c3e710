using System.Globalization;
using Mistral.Ilgpu.Server.Tests.Loading;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Watching;

/// <summary>What dashboards and routers read.</summary>
[Collection(nameof(TinyServerCollection))]
public sealed class MetricsTests(TinyServer tiny)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metrics_AfterAText_CountIt()
    {
        await using var app = await ServedApp.StartAsync(tiny.Model);
        await app.AskAsync("/v1/completions", """{"prompt":"Once","max_tokens":7,"ignore_eos":true}""");
        await app.AskAsync("/v1/completions", """{"prompt":"Once","max_tokens":5,"ignore_eos":true}""");

        string text = await app.Http.GetStringAsync("/metrics", Cancellation);

        Assert.Equal(12, ValueOf(text, "vllm:generation_tokens_total{"));
        Assert.Equal(2, ValueOf(text, "vllm:request_success_total{finished_reason=\"length\""));
        Assert.Equal(2, ValueOf(text, "vllm:time_to_first_token_seconds_count{"));
        Assert.Equal(10, ValueOf(text, "vllm:inter_token_latency_seconds_count{"));
        Assert.Equal(2, ValueOf(text, "vllm:e2e_request_latency_seconds_count{"));
        Assert.True(ValueOf(text, "vllm:prompt_tokens_total{") > 2);
        Assert.Equal(ValueOf(text, "vllm:prompt_tokens_total{"), ValueOf(text, "vllm:prefix_cache_queries_total{"));
        Assert.InRange(ValueOf(text, "vllm:kv_cache_usage_perc{"), 0, 1);
        Assert.Equal(0, ValueOf(text, "vllm:num_requests_waiting{"));
        Assert.Contains("# TYPE vllm:num_requests_running gauge", text, StringComparison.Ordinal);
        Assert.Contains("model_name=\"tiny\"", text, StringComparison.Ordinal);
        Assert.True(ValueOf(text, "mistral_ilgpu_mistral_tokens{") > 0, text);
    }

    [Fact]
    public async Task Metrics_OfSeveralModels_AreEachUnderItsName()
    {
        await using var shelf = await ModelShelf.OfTwoAsync(options => options.IdleUnload = TimeSpan.FromMinutes(1));
        await shelf.TextAsync("b");
        await shelf.PassUntilAsync(TimeSpan.FromSeconds(40), () => !shelf.Loaded.Any());
        await shelf.TextAsync("b");

        string text = await shelf.App.Http.GetStringAsync("/metrics", Cancellation);

        Assert.Equal(0, ValueOf(text, "vllm:generation_tokens_total{model_name=\"a\""));
        Assert.Equal(8, ValueOf(text, "vllm:generation_tokens_total{model_name=\"b\""));
        Assert.Equal(0, ValueOf(text, "vllm:num_requests_running{model_name=\"a\""));
        Assert.Single(text.Split('\n'), line => line.StartsWith("# TYPE vllm:generation_tokens_total", StringComparison.Ordinal));
        Assert.DoesNotContain("mistral_texts_running", text, StringComparison.Ordinal);
    }

    private static double ValueOf(string text, string name) => double.Parse(
        Assert.Single(
            text.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal)).Take(1)).Split(' ')[^1],
        CultureInfo.InvariantCulture);
}

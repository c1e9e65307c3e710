using System.Text;
using System.Text.Json;
using Mistral.Ilgpu.Server.Tests.Http;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Watching;

/// <summary>What <c>mistral serve</c> sends to a collector, when OpenTelemetry's variables name one.</summary>
public sealed class OpenTelemetryTests
{
    private const string Prompt = "Xylophones are quiet";
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Parent = "b7ad6b7169203331";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task Serve_WithAnEndpoint_SendsTracesAndMetricsWithoutPrompts()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var server = await ServeProcess.StartAsync(
            [.. VariablesOf(receiver), ("OTEL_SERVICE_NAME", "named-here"), ("OTEL_EXPORTER_OTLP_HEADERS", "key=secret"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "200")]);

        // What is observed of an engine ends with it.
        while (!receiver.Has("/v1/metrics", "mistral.texts.running"))
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        string answer = await AskAndStopAsync(server, $"00-{Trace}-{Parent}-01");

        var text = receiver.Spans.Single(span => span.Name == "generate");
        var request = receiver.Spans.Single(span => span.Id == text.Parent);
        Assert.Equal(("POST /v1/completions", Trace, Parent), (request.Name, request.Trace, request.Parent));
        Assert.Equal(Trace, text.Trace);
        Assert.Equal(["secret"], receiver.Keys);
        Assert.True(receiver.Has("/v1/traces", "named-here"));
        Assert.True(receiver.Has("/v1/traces", "gen_ai.usage.output_tokens"));
        foreach (string name in (string[])
        [
            "named-here", "mistral.texts.running", "mistral.cache.pages", "gen_ai.server.time_to_first_token",
            "http.server.request.duration", "dotnet.gc.collections",
        ])
        {
            Assert.True(receiver.Has("/v1/metrics", name), name);
        }

        Assert.DoesNotContain("Xylophone", receiver.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(answer, receiver.Text, StringComparison.Ordinal);
    }

    /// <summary>Variables that leave nothing, or one of the two, to be sent.</summary>
    [Theory]
    [InlineData("OTEL_SDK_DISABLED", "true", false, false)]
    [InlineData("OTEL_TRACES_SAMPLER", "always_off", false, true)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "", false, false)]
    public async Task Serve_WithAVariableThatForbids_SendsNothing(string name, string value, bool sendsTraces, bool sendsMetrics)
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var server = await ServeProcess.StartAsync([.. VariablesOf(receiver), (name, value)]);

        await AskAndStopAsync(server, traceParent: null);

        Assert.Equal(
            (sendsTraces, sendsMetrics),
            (receiver.Has("/v1/traces", "generate"), receiver.Has("/v1/metrics", "gen_ai.server.request.duration")));
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "expected a URL")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "expected grpc or http/protobuf")]
    public async Task Serve_WithAWrongVariable_NamesIt(string name, string value, string expected)
    {
        var exception = await Assert.ThrowsAsync<EndOfStreamException>(() => ServeProcess.StartAsync([(name, value)]));

        Assert.Contains($"mistral: {name}: found '{value}', {expected}", exception.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<(string Name, string Value)> VariablesOf(OtlpReceiver receiver) =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Address),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
    ];

    // What is left is sent when the server stops.
    private static async Task<string> AskAndStopAsync(ServeProcess server, string? traceParent)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "no signals");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent(
                $$"""{"prompt":"{{Prompt}}","max_tokens":12,"ignore_eos":true}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("traceparent", traceParent);
        using var response = await server.Http.SendAsync(request, Cancellation);
        string body = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True(response.IsSuccessStatusCode, body);
        await server.SignalAsync("TERM");
        await server.EndAsync();
        return JsonElement.Parse(body).GetProperty("choices")[0].GetProperty("text").GetString()!;
    }
}

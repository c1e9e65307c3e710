using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Mistral.Ilgpu.Kernels.Tests;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Http;

/// <summary>Two hundred clients at once: some go, some are slow, some are late, some send nonsense.</summary>
[Trait(Needs.Trait, Needs.Time)]
public sealed class LoadTests
{
    private const string Path = "/v1/chat/completions";
    private const int Clients = 200;
    private static readonly string[] Questions =
        ["What is 7 + 5?", "Tell me a story about a fox.", "Who are you?", "Tell me a story.", "What is 3 + 4?", "Hello!"];

    private readonly ConcurrentDictionary<string, int> _counts = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory(Explicit = true)]
    [InlineData(20)]
    public async Task Serve_ManyClients_LosesNothingAndAnswersAsAlone(int seconds)
    {
        await using var server = await ServeProcess.StartAsync("--max-texts", "16", "--max-waiting", "150");
        var expected = new Dictionary<string, string>();
        foreach (string question in Questions)
        {
            expected[question] = (await AskAsync(server.Http, question, slow: false, Cancellation))!;
        }

        await RunAsync(server.Http, expected, TimeSpan.FromSeconds(seconds / 4.0));
        long before = await MemoryAsync(server);
        await RunAsync(server.Http, expected, TimeSpan.FromSeconds(seconds));
        long after = await MemoryAsync(server);

        string counts = string.Join(", ", _counts.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key} {pair.Value}"));
        TestContext.Current.SendDiagnosticMessage($"{counts}; {before >> 20} MiB before, {after >> 20} MiB after");
        Assert.False(_counts.ContainsKey("wrong"), counts);
        Assert.True(_counts["whole"] > Clients, counts);
        Assert.True(after < before + (128 << 20), $"{before} bytes before, {after} after");
        string metrics = await server.Http.GetStringAsync("/metrics", Cancellation);
        Assert.Contains("vllm:num_requests_running{model_name=\"tiny\",engine=\"0\"} 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("vllm:num_requests_waiting{model_name=\"tiny\",engine=\"0\"} 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("vllm:kv_cache_usage_perc{model_name=\"tiny\",engine=\"0\"} 0\n", metrics, StringComparison.Ordinal);
    }

    private static async Task<long> MemoryAsync(ServeProcess server)
    {
        await Task.Delay(TimeSpan.FromSeconds(1), Cancellation);
        return server.Memory;
    }

    private Task RunAsync(HttpClient http, Dictionary<string, string> expected, TimeSpan time)
    {
        var watch = Stopwatch.StartNew();
        return Task.WhenAll(Enumerable.Range(0, Clients).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            while (watch.Elapsed < time)
            {
                string what = await OneAsync(http, expected, random);
                if (what == "refused")
                {
                    await Task.Delay(random.Next(100, 500), Cancellation);
                }

                _counts.AddOrUpdate(what, 1, (_, count) => count + 1);
            }
        })));
    }

    private static async Task<string> OneAsync(HttpClient http, Dictionary<string, string> expected, Random random)
    {
        string question = Questions[random.Next(Questions.Length)];
        switch (random.Next(20))
        {
            case < 6:
                using (var gone = CancellationTokenSource.CreateLinkedTokenSource(Cancellation))
                {
                    gone.CancelAfter(random.Next(1, 300));
                    try
                    {
                        string? early = await AskAsync(http, question, slow: false, gone.Token);
                        return early is null ? "refused" : early == expected[question] ? "whole" : "wrong";
                    }
                    catch (OperationCanceledException)
                    {
                        return "gone";
                    }
                }

            case 6:
                using (var late = await SendAsync(http, question, ""","timeout":0.05""", Cancellation))
                {
                    string text = await late.Content.ReadAsStringAsync(Cancellation);
                    return late.StatusCode == HttpStatusCode.TooManyRequests ? "refused"
                        : text.Contains("[DONE]", StringComparison.Ordinal) ? "late"
                        : "wrong";
                }

            case 7:
                using (var nonsense = await SendAsync(http, question, ""","temperature":"hot" """, Cancellation))
                {
                    return nonsense.StatusCode == HttpStatusCode.BadRequest ? "nonsense" : "wrong";
                }

            case var draw:
                string? answer = await AskAsync(http, question, slow: draw == 8, Cancellation);
                return answer is null ? "refused" : answer == expected[question] ? "whole" : "wrong";
        }
    }

    /// <returns>The answer; null if the queue is full.</returns>
    private static async Task<string?> AskAsync(HttpClient http, string question, bool slow, CancellationToken cancellation)
    {
        using var response = await SendAsync(http, question, "", cancellation);
        if (response.StatusCode == HttpStatusCode.TooManyRequests)
        {
            return null;
        }

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        var text = new StringBuilder();
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith("data: {", StringComparison.Ordinal))
            {
                var delta = JsonElement.Parse(line["data: ".Length..]).GetProperty("choices")[0].GetProperty("delta");
                text.Append(delta.TryGetProperty("content", out var part) ? part.GetString() : "");
            }

            if (slow)
            {
                await Task.Delay(20, cancellation);
            }
        }

        return text.ToString();
    }

    private static Task<HttpResponseMessage> SendAsync(
        HttpClient http, string question, string field, CancellationToken cancellation) => http.SendAsync(
        new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new StringContent(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""{"messages":[{"role":"user","content":"{{question}}"}],"temperature":0,"max_tokens":32,"stream":true{{field}} }"""),
                Encoding.UTF8, "application/json"),
        },
        HttpCompletionOption.ResponseHeadersRead, cancellation);
}

using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>A server, through <c>/v1/completions</c> as a stream of events.</summary>
/// <param name="streams">Whether a text comes as it is generated, and not whole at its end.</param>
internal sealed class ServerTarget(HttpClient http, string model, bool streams = true) : ILoadTarget
{
    private const string Data = "data: ";
    private const string Done = "data: [DONE]";

    /// <summary>The name by which a server serves a model, which may be given as a path.</summary>
    public static async Task<string> NameAsync(HttpClient http, string model)
    {
        var list = await http.GetFromJsonAsync<JsonElement>("/v1/models").ConfigureAwait(false);
        string[] names = [.. list.GetProperty("data").EnumerateArray().Select(entry => entry.GetProperty("id").GetString()!)];
        return names.Contains(model) ? model : names[0];
    }

    /// <summary>The body of a request for a text.</summary>
    public string BodyOf(LoadText text, double temperature = 0, bool streamed = true, double? timeout = null) =>
        JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["model"] = model,
            ["prompt"] = text.PromptIds,
            ["max_tokens"] = text.MaxTokens,
            ["temperature"] = temperature,
            ["seed"] = text.MaxTokens,
            ["ignore_eos"] = true,
            ["stream"] = streamed,
            ["stream_options"] = streamed ? new { include_usage = true } : null,
            ["timeout"] = timeout,
        });

    /// <summary>Sends a body, and returns once the headers of the answer are there.</summary>
    public Task<HttpResponseMessage> SendAsync(string body, CancellationToken cancellation = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/completions")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        return http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    /// <summary>The ids of the words of a text, to make prompts of.</summary>
    public async Task<int[]> TokenizeAsync(string text)
    {
        var body = new { model, prompt = text, add_special_tokens = false };
        using var response = await http.PostAsJsonAsync("/tokenize", body).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>().ConfigureAwait(false);
        return [.. answer.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32())];
    }

    /// <inheritdoc/>
    public async Task<TextTimes> RunAsync(LoadText text, Stopwatch clock)
    {
        string body = BodyOf(text, streamed: streams);
        double begun = clock.Elapsed.TotalSeconds;
        List<double> events = new(text.MaxTokens);
        string usage = "";
        using var response = await SendAsync(body).ConfigureAwait(false);
        response.EnsureSuccessStatusCode();
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync().ConfigureAwait(false));
        while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line && line != Done)
        {
            if (line.Length > 0 && !line.StartsWith(':'))
            {
                // Parsed at the end, because the generator shares the server's cores.
                events.Add(clock.Elapsed.TotalSeconds);
                usage = line;
            }
        }

        double ended = clock.Elapsed.TotalSeconds;
        var counts = JsonElement.Parse(streams ? usage[Data.Length..] : usage).GetProperty("usage");
        int cached = counts.TryGetProperty("prompt_tokens_details", out var details)
            ? details.GetProperty("cached_tokens").GetInt32() : 0;
        // The last event of several is the usage.
        return new TextTimes(
            begun, streams ? events[..^1] : events, ended, counts.GetProperty("prompt_tokens").GetInt32(), cached,
            counts.GetProperty("completion_tokens").GetInt32());
    }
}

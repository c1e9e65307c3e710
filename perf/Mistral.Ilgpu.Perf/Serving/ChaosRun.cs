using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>
/// Clients that cancel, read slowly, set times that are too short, and send what is malformed or half a request. Every text must
/// be the one that the model gives alone, and every request must have its answer.
/// </summary>
internal sealed class ChaosRun(ServerTarget server, HttpClient http, ServerProcess? process, Workload work)
{
    /// <summary>Clients at once.</summary>
    public const int Clients = 200;

    private const int Texts = 48;
    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _faults = new(StringComparer.Ordinal);
    private readonly List<(string When, long Bytes)> _memory = [];
    private LoadText[] _texts = [];
    private string[] _alone = [];
    private string _state = "";

    /// <summary>Whether no request is lost, no text is wrong, and the server holds nothing at the end.</summary>
    public bool IsRight => _faults.IsEmpty;

    /// <summary>Runs for a time.</summary>
    public async Task RunAsync(TimeSpan time)
    {
        _texts =
        [
            .. work.Poisson(Texts, double.PositiveInfinity, seed: 500)
                .Select(text => text with { MaxTokens = 8 + (text.MaxTokens % 56) }),
        ];
        _alone = new string[Texts];
        for (int i = 0; i < Texts; i++)
        {
            using var response = await SendAsync(i, streams: false).ConfigureAwait(false);
            _alone[i] = TextOf(JsonElement.Parse(await response.Content.ReadAsStringAsync().ConfigureAwait(false)));
        }

        Remember("before");
        var clock = Stopwatch.StartNew();
        var clients = Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            var random = new Random(client);
            while (clock.Elapsed < time)
            {
                await TryAsync(random).ConfigureAwait(false);
            }
        })).ToList();
        foreach (int quarter in (int[])[1, 2, 3])
        {
            await Task.Delay(time / 4).ConfigureAwait(false);
            Remember($"after {quarter * time.TotalSeconds / 4:F0} s");
        }

        await Task.WhenAll(clients).ConfigureAwait(false);
        await SettleAsync().ConfigureAwait(false);
        Remember("at the end");
    }

    /// <summary>Writes what happened.</summary>
    public void Write(StringBuilder report)
    {
        report.Append("| requests | |\n|---|---|\n");
        foreach (var (what, count) in _counts.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            report.Append(CultureInfo.InvariantCulture, $"| {what} | {count} |\n");
        }

        int faults = _faults.Values.Sum();
        report.Append(CultureInfo.InvariantCulture, $"\nFaults (lost requests, wrong texts, other answers): {faults}. ");
        report.Append(CultureInfo.InvariantCulture, $"At the end the server has {_state}.\n");
        foreach (var (fault, count) in _faults)
        {
            report.Append(CultureInfo.InvariantCulture, $"- {count}: {fault}\n");
        }

        if (_memory.Count > 0)
        {
            var memory = _memory.Select(at => string.Create(CultureInfo.InvariantCulture, $"{at.Bytes / 1e6:F0} MB {at.When}"));
            report.Append("\nMemory of the process: ").AppendJoin(", ", memory).Append(".\n");
        }
    }

    private async Task TryAsync(Random random)
    {
        int index = random.Next(Texts);
        string kind = "";
        try
        {
            kind = await (random.NextDouble() switch
            {
                < 0.30 => CancelAsync(index, random),
                < 0.35 => ReadAsync(index, "read slowly", TimeSpan.FromMilliseconds(random.Next(10, 50)), timeout: null),
                < 0.40 => ReadAsync(index, "timed out", TimeSpan.Zero, timeout: 0.02 + (0.2 * random.NextDouble())),
                < 0.50 => SendMalformedAsync(MalformedBodies.At(random)),
                < 0.53 => SendHalfAsync(index),
                < 0.75 => ReadAsync(index, "streamed", TimeSpan.Zero, timeout: null),
                _ => AnswerAsync(index),
            }).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or SocketException or JsonException
            or OperationCanceledException)
        {
            Fault(exception.Message);
        }

        _counts.AddOrUpdate(kind.Length > 0 ? kind : "lost", 1, (_, count) => count + 1);
    }

    private async Task<string> CancelAsync(int index, Random random)
    {
        using var cancellation = new CancellationTokenSource();
        if (random.Next(2) == 0)
        {
            cancellation.CancelAfter(random.Next(1, 500));
        }

        int events = random.Next(1, 40);
        try
        {
            using var response = await SendAsync(index, cancellation: cancellation.Token).ConfigureAwait(false);
            using var reader = new StreamReader(
                await response.Content.ReadAsStreamAsync(cancellation.Token).ConfigureAwait(false));
            while (events-- > 0 && await reader.ReadLineAsync(cancellation.Token).ConfigureAwait(false) is not null)
            {
            }
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
        }

        return "cancelled";
    }

    private async Task<string> ReadAsync(int index, string kind, TimeSpan pause, double? timeout)
    {
        using var response = await SendAsync(index, timeout: timeout).ConfigureAwait(false);
        if (timeout is not null && (int)response.StatusCode == 504)
        {
            return kind;
        }

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync().ConfigureAwait(false));
        var text = new StringBuilder();
        bool isDone = false;
        bool isTimeout = false;
        while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (line.StartsWith("data: {", StringComparison.Ordinal))
            {
                var data = JsonElement.Parse(line["data: ".Length..]);
                isTimeout |= timeout is not null && data.TryGetProperty("error", out _);
                text.Append(isTimeout ? "" : TextOf(data));
            }

            isDone |= line == "data: [DONE]";
            await Task.Delay(pause).ConfigureAwait(false);
        }

        bool isText = timeout is null
            ? text.ToString() == _alone[index]
            : _alone[index].StartsWith(text.ToString(), StringComparison.Ordinal);
        Require(isDone, $"{kind}: {(int)response.StatusCode} without an end");
        Require(isText, $"{kind}: another text than alone");
        return kind;
    }

    private Task<HttpResponseMessage> SendAsync(
        int index, bool streams = true, double? timeout = null, CancellationToken cancellation = default) =>
        server.SendAsync(server.BodyOf(_texts[index], Temperature(index), streams, timeout), cancellation);

    private async Task<string> AnswerAsync(int index)
    {
        using var response = await SendAsync(index, streams: false).ConfigureAwait(false);
        string body = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
        Require(response.IsSuccessStatusCode, $"whole: {(int)response.StatusCode}");
        bool isText = !response.IsSuccessStatusCode || TextOf(JsonElement.Parse(body)) == _alone[index];
        Require(isText, "whole: another text than alone");
        return "whole";
    }

    private async Task<string> SendMalformedAsync(string body)
    {
        using var response = await server.SendAsync(body).ConfigureAwait(false);
        string answer = await response.Content.ReadAsStringAsync().ConfigureAwait(false);
        bool isError = answer.StartsWith("{\"error\"", StringComparison.Ordinal);
        bool isRefused = isError && (int)response.StatusCode is >= 400 and < 500;
        Require(isRefused, $"malformed: {(int)response.StatusCode} for {body[..Math.Min(60, body.Length)]}");
        return "malformed, refused";
    }

    private async Task<string> SendHalfAsync(int index)
    {
        string body = server.BodyOf(_texts[index]);
        using var client = new TcpClient();
        await client.ConnectAsync(http.BaseAddress!.Host, http.BaseAddress.Port).ConfigureAwait(false);
        string half = $"POST /v1/completions HTTP/1.1\r\nHost: {http.BaseAddress.Authority}\r\n"
            + $"Content-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body[..(body.Length / 2)]}";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(half)).ConfigureAwait(false);
        return "half sent";
    }

    private async Task SettleAsync()
    {
        var patience = Stopwatch.StartNew();
        bool isIdle = false;
        while (!isIdle && patience.Elapsed < TimeSpan.FromSeconds(10))
        {
            await Task.Delay(200).ConfigureAwait(false);
            var held = await HeldTexts.ReadAsync(http).ConfigureAwait(false);
            isIdle = held.Count == 3 && held.Values.All(value => value == 0);
            _state = string.Join(
                ", ", held.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value}")));
        }

        Require(isIdle, $"the server still holds texts or memory of theirs: {_state}");
    }

    private void Remember(string when)
    {
        if (process is not null)
        {
            _memory.Add((when, process.Bytes));
        }
    }

    private void Require(bool isSo, string fault)
    {
        if (!isSo)
        {
            Fault(fault);
        }
    }

    private void Fault(string fault) => _faults.AddOrUpdate(fault, 1, (_, count) => count + 1);

    private static double Temperature(int index) => index % 3 == 0 ? 0 : 0.8;

    private static string TextOf(JsonElement completion)
    {
        var choices = completion.GetProperty("choices");
        return choices.GetArrayLength() > 0 ? choices[0].GetProperty("text").GetString()! : "";
    }
}

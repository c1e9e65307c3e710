using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>Measures a server under load beside the engine alone, and writes a report.</summary>
internal sealed class ServeReport(string device, Uri? url, int count, double chaosSeconds, string arguments) : IDisposable
{
    private const int Texts = 16;
    private const int Rounds = 3;
    private const int SharedTokens = 192;
    private const string Words =
        "Once upon a time there was a girl named Lily. She had a red ball. One day she walked to the park with her friend Tom.";

    private static readonly double[] Rates = [1, 4, 16, double.PositiveInfinity];
    private readonly StringBuilder _report = new();
    private readonly SocketsHttpHandler _connections = new() { MaxConnectionsPerServer = int.MaxValue };

    /// <returns>Whether nothing was lost under chaos.</returns>
    public async Task<bool> WriteAsync(IReadOnlyList<string> models, string folder)
    {
        string date = DateTime.Now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        Line($"# Serving under load, {device}");
        Line();
        Line($"Made by `perf/serve {arguments}`.");
        Line();
        Line($"{date}, {Environment.ProcessorCount} cores ({RuntimeInformation.ProcessArchitecture}), at most {Texts} texts "
            + (url is null
                ? "at once. Client, server and engine share the cores."
                : "at once in the engine. The server is one that ran already, with options of its own."));
        Line();
        Line("Prompts and answers have log-normal lengths, medians 80 and 85 tokens, and are made of a seed. Times are p50 / p95 "
            + "/ p99. TTFT is the time to the first part of an answer, ITL between parts (a part may have several tokens), TPOT "
            + "of a token after the first, E2E the whole.");
        bool isRight = true;
        foreach (string model in models)
        {
            isRight &= await MeasureAsync(model, model == models[0]).ConfigureAwait(false);
            string path = Path.Combine(folder, $"{date}-serve.md");
            await File.WriteAllTextAsync(path, _report.ToString()).ConfigureAwait(false);
        }

        return isRight;
    }

    private async Task<bool> MeasureAsync(string model, bool isFirst)
    {
        int waiting = Math.Max(count, ChaosRun.Clients) + 1;
        using var process =
            url is null ? await ServerProcess.StartAsync(model, device, Texts, waiting).ConfigureAwait(false) : null;
        using var http = new HttpClient(_connections, disposeHandler: false)
        {
            BaseAddress = url ?? process!.Address, Timeout = TimeSpan.FromMinutes(10),
        };
        string name = await ServerTarget.NameAsync(http, model).ConfigureAwait(false);
        var server = new ServerTarget(http, name);
        int[] words = await server.TokenizeAsync(Words).ConfigureAwait(false);
        var work = new Workload([.. words.Distinct()]);
        Line();
        Line($"## {model}");
        await using (var language = await LanguageModel.LoadAsync(
            model, new LanguageModelOptions { Device = device, MaxTexts = Texts, MaxWaiting = waiting }).ConfigureAwait(false))
        {
            var engine = new EngineTarget(language);
            // What is measured is neither the first compilation nor the first connection.
            await LoadRun.ArriveAsync(server, work.Poisson(Texts, double.PositiveInfinity, seed: 99)).ConfigureAwait(false);
            await LoadRun.ArriveAsync(engine, work.Poisson(Texts, double.PositiveInfinity, seed: 99)).ConfigureAwait(false);
            await WriteRatesAsync(server, engine, work).ConfigureAwait(false);
            await WriteCostAsync(server, new ServerTarget(http, name, streams: false), engine, work).ConfigureAwait(false);
            await WriteSharingAsync(server, work).ConfigureAwait(false);
            await WriteClientsAsync(server, engine, work).ConfigureAwait(false);
        }

        return chaosSeconds == 0 || !isFirst || await WriteChaosAsync(server, http, process, work).ConfigureAwait(false);
    }

    private async Task WriteRatesAsync(ServerTarget server, EngineTarget engine, Workload work)
    {
        Head($"{count} texts as a Poisson process");
        for (int i = 0; i < Rates.Length; i++)
        {
            var texts = work.Poisson(count, Rates[i], seed: i);
            string rate = double.IsPositiveInfinity(Rates[i]) ? "all at once" : $"{Rates[i]}/s";
            Row($"{rate}, server", await LoadRun.ArriveAsync(server, texts).ConfigureAwait(false));
            Row($"{rate}, engine alone", await LoadRun.ArriveAsync(engine, texts).ConfigureAwait(false));
        }
    }

    private async Task WriteCostAsync(
        ServerTarget server, ServerTarget unstreamed, EngineTarget engine, Workload work)
    {
        List<double> streamed = [];
        List<double> whole = [];
        for (int round = 0; round < Rounds; round++)
        {
            // In turns, because other programs come and go.
            var texts = work.Poisson(count, double.PositiveInfinity, seed: 100 + round);
            double inEvents = (await LoadRun.ArriveAsync(server, texts).ConfigureAwait(false)).OutputThroughput;
            double alone = (await LoadRun.ArriveAsync(engine, texts).ConfigureAwait(false)).OutputThroughput;
            // Others, because those are in the cache now.
            texts = work.Poisson(count, double.PositiveInfinity, seed: 150 + round);
            double atOnce = (await LoadRun.ArriveAsync(unstreamed, texts).ConfigureAwait(false)).OutputThroughput;
            double aloneAgain = (await LoadRun.ArriveAsync(engine, texts).ConfigureAwait(false)).OutputThroughput;
            streamed.Add(inEvents / alone);
            whole.Add(atOnce / aloneAgain);
        }

        Line();
        Line($"Of {count} texts all at once the server generates {Percent(new Quantiles([.. streamed]).At(0.5))} of the engine's "
            + $"tokens/s while it streams them ({string.Join(", ", streamed.Select(Percent))}), and "
            + $"{Percent(new Quantiles([.. whole]).At(0.5))} if they come whole ({string.Join(", ", whole.Select(Percent))}).");
    }

    private async Task WriteSharingAsync(ServerTarget server, Workload work)
    {
        Head($"Prefix cache: {count} texts at once behind {SharedTokens} tokens, the same (on) or but for the first two (off)");
        foreach (bool isShared in (bool[])[false, true])
        {
            var texts = work.Shared(count + 1, SharedTokens, isShared, seed: 200);
            // Has what the others share computed.
            await LoadRun.ArriveAsync(server, texts[..1]).ConfigureAwait(false);
            Row(isShared ? "on" : "off", await LoadRun.ArriveAsync(server, texts[1..]).ConfigureAwait(false));
        }
    }

    private async Task WriteClientsAsync(ServerTarget server, EngineTarget engine, Workload work)
    {
        List<double> ratios = [];
        Head($"One client and {Texts}: prompts of 16 tokens, answers of 128");
        for (int round = 0; round < Rounds; round++)
        {
            var alone = work.Equal(4, 16, 128, seed: 300 + round);
            var together = work.Equal(2 * Texts, 16, 128, seed: 400 + round);
            var one = await LoadRun.ClientsAsync(server, alone, 1).ConfigureAwait(false);
            var many = await LoadRun.ClientsAsync(server, together, Texts).ConfigureAwait(false);
            ratios.Add(many.OutputThroughput / one.OutputThroughput);
            Row("1 client", one);
            Row($"{Texts} clients", many);
            Row($"{Texts} texts, engine alone", await LoadRun.ClientsAsync(engine, together, Texts).ConfigureAwait(false));
        }

        Line();
        string ratio = new Quantiles([.. ratios]).At(0.5).ToString("F2", CultureInfo.InvariantCulture);
        Line($"{Texts} clients generate {ratio} times the tokens/s of one, the median of {Rounds}.");
    }

    private async Task<bool> WriteChaosAsync(
        ServerTarget server, HttpClient http, ServerProcess? process, Workload work)
    {
        var chaos = new ChaosRun(server, http, process, work);
        await chaos.RunAsync(TimeSpan.FromSeconds(chaosSeconds)).ConfigureAwait(false);
        Line();
        Line($"### {ChaosRun.Clients} clients for {chaosSeconds} s: cancels, slow reads, timeouts, malformed and half bodies");
        Line();
        chaos.Write(_report);
        return chaos.IsRight;
    }

    private void Head(string title)
    {
        Line();
        Line($"### {title}");
        Line();
        Line("| | requests/s | output tokens/s | tokens/s in all | cached | TTFT ms | ITL ms | TPOT ms | E2E ms |");
        Line("|---|---|---|---|---|---|---|---|---|");
    }

    private void Row(string name, LoadSummary run)
    {
        string row = string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {run.RequestThroughput:F2} | {run.OutputThroughput:F0} | {run.TotalThroughput:F0} ")
            + $"| {Percent(run.CachedPart)} "
            + $"| {run.FirstToken} | {run.BetweenParts} | {run.PerToken} | {run.Whole} |";
        Console.Error.WriteLine(row);
        Line(row);
    }

    private static string Percent(double part) => string.Create(CultureInfo.InvariantCulture, $"{100 * part:F0} %");

    private void Line(string text = "") => _report.Append(text).Append('\n');

    public void Dispose() => _connections.Dispose();
}

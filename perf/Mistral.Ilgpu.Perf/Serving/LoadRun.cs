using System.Diagnostics;

namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>Sends a workload to a target.</summary>
internal static class LoadRun
{
    /// <summary>Each text at its time, whether earlier ones have ended or not.</summary>
    public static async Task<LoadSummary> ArriveAsync(ILoadTarget target, IReadOnlyList<LoadText> texts)
    {
        var clock = Stopwatch.StartNew();
        var times = await Task.WhenAll(texts.Select(async text =>
        {
            double wait = text.Arrival - clock.Elapsed.TotalSeconds;
            await Task.Delay(TimeSpan.FromSeconds(Math.Max(0, wait))).ConfigureAwait(false);
            return await target.RunAsync(text, clock).ConfigureAwait(false);
        })).ConfigureAwait(false);
        return new LoadSummary(times);
    }

    /// <summary>So many clients, each with one text at a time.</summary>
    public static async Task<LoadSummary> ClientsAsync(ILoadTarget target, IReadOnlyList<LoadText> texts, int clients)
    {
        var clock = Stopwatch.StartNew();
        int next = -1;
        var times = await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            List<TextTimes> own = [];
            while (Interlocked.Increment(ref next) is var index && index < texts.Count)
            {
                own.Add(await target.RunAsync(texts[index], clock).ConfigureAwait(false));
            }

            return own;
        })).ConfigureAwait(false);
        return new LoadSummary([.. times.SelectMany(own => own)]);
    }
}

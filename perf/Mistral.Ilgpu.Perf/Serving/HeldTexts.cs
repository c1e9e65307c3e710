using System.Globalization;
using System.Text.RegularExpressions;

namespace Mistral.Ilgpu.Perf.Serving;

/// <summary>What a server holds of texts, as its metrics tell.</summary>
internal static partial class HeldTexts
{
    /// <returns>Texts that run, texts that wait, and the part of the cache that they hold, each by its name.</returns>
    public static async Task<IReadOnlyDictionary<string, double>> ReadAsync(HttpClient http)
    {
        string metrics = await http.GetStringAsync("/metrics").ConfigureAwait(false);
        return Held().Matches(metrics).ToDictionary(
            match => match.Groups[1].Value, match => double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(
        @"^vllm:(num_requests_running|num_requests_waiting|kv_cache_usage_perc)\{[^}]*\} (\S+)", RegexOptions.Multiline)]
    private static partial Regex Held();
}

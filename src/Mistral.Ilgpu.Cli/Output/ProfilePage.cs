using System.Globalization;
using System.Net;
using System.Text;
using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Diagnostics.Profiling;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>
/// A profile as one page of HTML. It has no scripts, loads nothing, and fits the screen of a phone.
/// </summary>
internal static class ProfilePage
{
    private const string Style = """
        :root { color-scheme: light dark; --text: #222; --page: #fff; --card: #f7f7f8; --line: #ddd;
          --prefill: #b84e00; --decode: #0067a3; }
        @media (prefers-color-scheme: dark) {
          :root { --text: #e4e4e6; --page: #16171a; --card: #1f2125; --line: #3a3d43; --prefill: #ff9d52; --decode: #6cb8f0; }
        }
        body { font-family: system-ui, sans-serif; margin: 0 auto; max-width: 84rem; padding: 1rem;
          color: var(--text); background: var(--page); }
        h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
        figure { margin: 1rem 0; max-width: 60rem; padding: 0.75rem; box-sizing: border-box; background: var(--card);
          border: 1px solid var(--line); border-radius: 6px; }
        figure svg { display: block; width: 100%; height: auto; }
        figcaption { font-size: 0.9rem; margin-bottom: 0.5rem; }
        .prefill { color: var(--prefill); } .decode { color: var(--decode); }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
        th, td { padding: 0.25rem 0.6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
        th { white-space: normal; vertical-align: bottom; }
        th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
        @media (max-width: 80rem) { table { font-size: 0.75rem; } th, td { padding: 0.25rem 0.4rem; } }
        """;

    /// <param name="title">The model and the device.</param>
    public static string Html(string title, ModelProfile profile, ModelLimits limits, bool byLayer)
    {
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <link rel="icon" href="data:,">
            <title>{Encode(title)}</title>
            <style>
            {Style}
            </style>
            </head>
            <body>
            <h1>{Encode(title)}</h1>
            <p>{Encode(ProfileTable.Summary(profile))}.</p>
            <p>Measured limits: a copy reaches {limits.Fastest.BytesPerSecond / 1e9:0.0} GB/s, the best dense product {
                limits.Fastest.OperationsPerSecond / 1e9:0.0} GFLOP/s.
            A point above the roof found its data in a cache.</p>
            <h2>Roofline</h2>
            <figure id="roofline">
            <figcaption>Operations per second against operations per byte, under the roof:
            {string.Join(", ", profile.Phases.Select(Key))}</figcaption>
            {RooflineChart.Svg(profile, limits.Fastest)}
            </figure>
            <h2>Timeline</h2>

            """);
        foreach (var phase in profile.Phases)
        {
            page.Append(CultureInfo.InvariantCulture, $"""
                <figure id="timeline-{phase.Name}">
                <figcaption>The median pass of {Key(phase)}</figcaption>
                {TimelineChart.Svg(phase.MedianPass)}
                </figure>

                """);
        }

        page.Append("<h2>Steps</h2>\n<div class=\"scroll\"><table id=\"steps\">\n<thead>");
        Row(page, "th", ProfileTable.Headings);
        page.Append("</thead>\n<tbody>\n");
        foreach (var row in ProfileTable.Rows(profile, limits, byLayer))
        {
            Row(page, "td", row);
        }

        return page.Append("</tbody></table></div>\n</body>\n</html>\n").ToString();
    }

    private static void Row(StringBuilder page, string cell, IEnumerable<string> texts) =>
        page.Append("<tr>").AppendJoin("", texts.Select(text => $"<{cell}>{Encode(text)}</{cell}>")).Append("</tr>\n");

    // The phase's name in the colour of its marks.
    private static string Key(PhaseProfile phase) =>
        $"<span class=\"{(phase.Passes[0].IsPrefill ? "prefill" : "decode")}\">● {Encode(phase.Name)}</span>";

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}

using Mistral.Ilgpu.Diagnostics.Profiling;
using Mistral.Ilgpu.Execution.Passes;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>The time of each step of a pass, in one track for each kind of step, as SVG.</summary>
internal static class TimelineChart
{
    private const int LaneHeight = 28;
    private const double Ticks = 18;

    public static string Svg(PassTiming pass)
    {
        var kinds = pass.Steps.Select(step => step.Step.Kind).Distinct().Reverse().Append("host").ToList();
        var margins = new OxyThickness(kinds.Max(kind => ProfileCharts.WidthOf(kind, ProfileCharts.TextSize)) + Ticks, 8, 16, 52);
        var plot = ProfileCharts.Plot(margins);
        var lanes = new CategoryAxis { Position = AxisPosition.Left, GapWidth = 0, MajorGridlineStyle = LineStyle.Dot };
        lanes.Labels.AddRange(kinds);
        plot.Axes.Add(lanes);
        plot.Axes.Add(ProfileCharts.Titled(new LinearAxis
        {
            Position = AxisPosition.Bottom, Title = "ms", Minimum = 0, MajorGridlineStyle = LineStyle.Dot,
        }));
        var bars = new RectangleBarSeries { FillColor = ProfileCharts.ColorOf(pass), StrokeThickness = 0 };
        foreach (var step in pass.Steps)
        {
            Bar(bars, step.Step.Kind, step.Begin, step.End);
        }

        var host = new RectangleBarSeries { FillColor = ProfileCharts.HostColor, StrokeThickness = 0 };
        Bar(host, "host", pass.Begin, pass.Steps[0].Begin);
        Bar(host, "host", pass.Steps[^1].End, pass.End);
        plot.Series.Add(bars);
        plot.Series.Add(host);
        return ProfileCharts.Export(plot, (int)(margins.Top + margins.Bottom) + (LaneHeight * kinds.Count));

        void Bar(RectangleBarSeries series, string lane, TimeSpan begin, TimeSpan end)
        {
            int at = kinds.IndexOf(lane);
            series.Items.Add(new RectangleBarItem(
                (begin - pass.Begin).TotalMilliseconds, at - 0.35, (end - pass.Begin).TotalMilliseconds, at + 0.35));
        }
    }
}

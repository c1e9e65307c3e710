using Mistral.Ilgpu.Measurement;
using Mistral.Ilgpu.Profiling;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>The plots of a profile, as SVG that needs nothing beside it.</summary>
internal static class ProfileCharts
{
    private const int Width = 720;
    private const int RooflineHeight = 600;
    private const double TextSize = 15;
    private const double LabelHeight = 14;

    // The same for all, with room left for the longest name of a step.
    private static readonly OxyThickness Margins = new(150, 36, 16, 52);
    private static readonly OxyColor[] PhaseColors = [OxyColor.FromRgb(0xd5, 0x5e, 0x00), OxyColor.FromRgb(0x00, 0x72, 0xb2)];
    private static readonly OxyColor HostColor = OxyColor.FromRgb(0x99, 0x99, 0x99);

    /// <summary>The steps of each phase under the measured roof (Williams et al., doi 10.1145/1498765.1498785).</summary>
    public static string Roofline(ModelProfile profile, DeviceLimits limits)
    {
        var plot = Plot("Operations per second against operations per byte");
        plot.Legends.Add(new Legend { LegendPosition = LegendPosition.BottomRight, LegendFontSize = TextSize, LegendBackground = OxyColors.White });
        var points = profile.Phases.Select((phase, i) => (Phase: phase, Color: PhaseColors[i % 2], Steps: phase.Steps().Where(step => step.Cost.Operations > 0).ToList())).ToList();
        var steps = points.SelectMany(point => point.Steps).ToList();
        double ridge = limits.OperationsPerSecond / limits.BytesPerSecond;
        double roofRate = limits.OperationsPerSecond / 1e9;
        double[] intensities = [ridge, .. steps.Select(Intensity)];
        double[] rates = [roofRate, .. steps.Select(Rate)];
        var bottom = new LogarithmicAxis { Position = AxisPosition.Bottom, Title = "operations per byte", Minimum = intensities.Min() / 4, Maximum = intensities.Max() * 4 };
        var left = new LogarithmicAxis { Position = AxisPosition.Left, Title = "GFLOP/s", Minimum = rates.Min() / 3, Maximum = rates.Max() * 4 };
        var roof = new LineSeries { Title = "roof", Color = OxyColors.Black, StrokeThickness = 2 };
        foreach (double intensity in new[] { bottom.Minimum, ridge, bottom.Maximum })
        {
            roof.Points.Add(new DataPoint(intensity, Math.Min(intensity * limits.BytesPerSecond, limits.OperationsPerSecond) / 1e9));
        }

        plot.Axes.Add(bottom);
        plot.Axes.Add(left);
        plot.Series.Add(roof);
        foreach (var (phase, color, shown) in points)
        {
            var series = new ScatterSeries { Title = phase.Name, MarkerType = MarkerType.Circle, MarkerSize = 6, MarkerFill = color };
            // Names of prefill stand left of their points and those of decode right, each below the one above it.
            int side = phase.Passes[0].IsPrefill ? -1 : 1;
            double free = double.PositiveInfinity;
            double lineHeight = Math.Log(left.Maximum / left.Minimum) * LabelHeight / PlotHeight(RooflineHeight);
            foreach (var step in shown.OrderByDescending(Rate))
            {
                series.Points.Add(new ScatterPoint(Intensity(step), Rate(step)));
                double at = Math.Min(Math.Log(Rate(step)), free);
                free = at - lineHeight;
                plot.Annotations.Add(new TextAnnotation
                {
                    Text = step.Name,
                    TextPosition = new DataPoint(Intensity(step), Math.Exp(at)),
                    TextColor = color,
                    FontSize = LabelHeight - 2,
                    StrokeThickness = 0,
                    Offset = new ScreenVector(9 * side, 0),
                    TextHorizontalAlignment = side < 0 ? HorizontalAlignment.Right : HorizontalAlignment.Left,
                    TextVerticalAlignment = VerticalAlignment.Middle,
                });
            }

            plot.Series.Add(series);
        }

        return Svg.Inline(plot, Width, RooflineHeight);
    }

    /// <summary>When each step of a pass ran, a lane for each kind of step.</summary>
    public static string Timeline(PassTiming pass, string phase)
    {
        var plot = Plot($"The median pass of {phase}");
        var kinds = pass.Steps.Select(step => step.Step.Kind).Distinct().Reverse().Append("host").ToList();
        var lanes = new CategoryAxis { Position = AxisPosition.Left, GapWidth = 0, MajorGridlineStyle = LineStyle.Dot };
        lanes.Labels.AddRange(kinds);
        plot.Axes.Add(lanes);
        plot.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Title = "ms", Minimum = 0, MajorGridlineStyle = LineStyle.Dot });
        var bars = new RectangleBarSeries { FillColor = PhaseColors[pass.IsPrefill ? 0 : 1], StrokeThickness = 0 };
        foreach (var step in pass.Steps)
        {
            Bar(bars, step.Step.Kind, step.Begin, step.End);
        }

        var host = new RectangleBarSeries { FillColor = HostColor, StrokeThickness = 0 };
        Bar(host, "host", pass.Begin, pass.Steps[0].Begin);
        Bar(host, "host", pass.Steps[^1].End, pass.End);
        plot.Series.Add(bars);
        plot.Series.Add(host);
        return Svg.Inline(plot, Width, (int)(Margins.Top + Margins.Bottom) + (28 * kinds.Count));

        void Bar(RectangleBarSeries series, string lane, TimeSpan begin, TimeSpan end)
        {
            int at = kinds.IndexOf(lane);
            series.Items.Add(new RectangleBarItem((begin - pass.Begin).TotalMilliseconds, at - 0.35, (end - pass.Begin).TotalMilliseconds, at + 0.35));
        }
    }

    private static double Intensity(StepSummary step) => (double)step.Cost.Operations / step.Cost.Bytes;

    private static double Rate(StepSummary step) => step.OperationsPerSecond / 1e9;

    private static double PlotHeight(int height) => height - Margins.Top - Margins.Bottom;

    private static PlotModel Plot(string title) => new()
    {
        Title = title,
        TitleFontSize = TextSize + 1,
        DefaultFontSize = TextSize,
        Background = OxyColors.White,
        PlotMargins = Margins,
    };
}

using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Diagnostics.Profiling;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>
/// The steps of each phase under the measured roof (Williams et al., doi 10.1145/1498765.1498785), as SVG.
/// </summary>
internal static class RooflineChart
{
    private const int Height = 600;
    private const double LabelSize = 12;
    private const double LabelHeight = 15;
    private const double MarkerSize = 6;

    private static readonly OxyThickness Margins = new(80, 12, 16, 52);
    private static readonly OxyRect Area = new(
        Margins.Left, Margins.Top, ProfileCharts.Width - Margins.Left - Margins.Right, Height - Margins.Top - Margins.Bottom);

    public static string Svg(ModelProfile profile, DeviceLimits limits)
    {
        var plot = ProfileCharts.Plot(Margins);
        var points = profile.Phases
            .SelectMany(phase => phase.Steps().Where(step => step.Cost.Operations > 0).Select(step => (phase, step)))
            .OrderByDescending(point => Rate(point.step)).ToList();
        double ridge = limits.OperationsPerSecond / limits.BytesPerSecond;
        double roofRate = limits.OperationsPerSecond / 1e9;
        double[] intensities = [ridge, .. points.Select(point => Intensity(point.step))];
        double[] rates = [roofRate, .. points.Select(point => Rate(point.step))];
        var bottom = ProfileCharts.Titled(new LogarithmicAxis
        {
            Position = AxisPosition.Bottom,
            Title = "operations per byte",
            Minimum = intensities.Min() / 4,
            Maximum = intensities.Max() * 4,
        });
        var left = ProfileCharts.Titled(new LogarithmicAxis
        {
            Position = AxisPosition.Left, Title = "GFLOP/s", Minimum = rates.Min() / 3, Maximum = rates.Max() * 4,
        });
        var roof = new LineSeries { Color = OxyColors.Black, StrokeThickness = 2 };
        foreach (double intensity in new[] { bottom.Minimum, ridge, bottom.Maximum })
        {
            roof.Points.Add(
                new DataPoint(intensity, Math.Min(intensity * limits.BytesPerSecond, limits.OperationsPerSecond) / 1e9));
        }

        plot.Axes.Add(bottom);
        plot.Axes.Add(left);
        plot.Series.Add(roof);
        var layout = new LabelLayout(Area, LabelHeight);
        foreach (var (phase, step) in points)
        {
            var series = new ScatterSeries
            {
                MarkerType = MarkerType.Circle, MarkerSize = MarkerSize, MarkerFill = ProfileCharts.ColorOf(phase.Passes[0]),
            };
            series.Points.Add(new ScatterPoint(Intensity(step), Rate(step)));
            plot.Series.Add(series);
            layout.Avoid(PixelOf(step), MarkerSize);
        }

        foreach (var (phase, step) in points)
        {
            AddLabel(phase.Passes[0], step);
        }

        return ProfileCharts.Export(plot, Height);

        ScreenPoint PixelOf(StepSummary step) => new(
            Area.Left + (Area.Width * Fraction(Intensity(step), bottom)),
            Area.Bottom - (Area.Height * Fraction(Rate(step), left)));

        // Labels of prefill are placed left of their points and those of decode right, if there is space.
        void AddLabel(PassTiming pass, StepSummary step)
        {
            var pixel = PixelOf(step);
            var place = layout.Place(pixel, ProfileCharts.WidthOf(step.Name, LabelSize), pass.IsPrefill ? -1 : 1);
            var at = new DataPoint(Intensity(step), Rate(step));
            bool isRight = place.Left > pixel.X;
            var offset = new ScreenVector((isRight ? place.Left : place.Right) - pixel.X, place.Center.Y - pixel.Y);
            if (Math.Abs(offset.Y) >= LabelHeight)
            {
                plot.Annotations.Add(new ArrowAnnotation
                {
                    EndPoint = at,
                    ArrowDirection = new ScreenVector(-offset.X, -offset.Y),
                    HeadLength = 0,
                    HeadWidth = 0,
                    StrokeThickness = 0.7,
                    Color = ProfileCharts.ColorOf(pass),
                });
            }

            plot.Annotations.Add(new TextAnnotation
            {
                Text = step.Name,
                TextPosition = at,
                TextColor = ProfileCharts.ColorOf(pass),
                FontSize = LabelSize,
                StrokeThickness = 0,
                Offset = offset,
                TextHorizontalAlignment = isRight ? HorizontalAlignment.Left : HorizontalAlignment.Right,
                TextVerticalAlignment = VerticalAlignment.Middle,
            });
        }
    }

    private static double Fraction(double value, LogarithmicAxis axis) =>
        Math.Log(value / axis.Minimum) / Math.Log(axis.Maximum / axis.Minimum);

    private static double Intensity(StepSummary step) => (double)step.Cost.Operations / step.Cost.Bytes;

    private static double Rate(StepSummary step) => step.OperationsPerSecond / 1e9;
}

using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Mistral.Ilgpu.Perf.Report;

/// <summary>The plots of a report, as SVG.</summary>
internal static class Charts
{
    private static readonly OxyColor[] Colors =
    [
        OxyColor.FromRgb(0x00, 0x72, 0xb2), OxyColor.FromRgb(0xd5, 0x5e, 0x00), OxyColor.FromRgb(0x00, 0x9e, 0x73), OxyColor.FromRgb(0x66, 0x66, 0x66),
    ];

    /// <summary>Lines over lengths that double.</summary>
    public static string Lines(
        string title, string x, string y, IEnumerable<(string Name, IEnumerable<(double X, double Y)> Points)> lines)
    {
        var plot = Plot(title);
        plot.Axes.Add(
            new LogarithmicAxis { Position = AxisPosition.Bottom, Base = 2, Title = x, MajorGridlineStyle = LineStyle.Dot });
        plot.Axes.Add(new LinearAxis { Position = AxisPosition.Left, Title = y, Minimum = 0, MajorGridlineStyle = LineStyle.Dot, MaximumPadding = 0.15 });
        foreach (var ((name, points), i) in lines.Select((line, i) => (line, i)))
        {
            var series = new LineSeries
            {
                Title = name, Color = Colors[i % Colors.Length], StrokeThickness = 2, MarkerType = MarkerType.Circle, MarkerSize = 4, MarkerFill = Colors[i % Colors.Length],
            };
            series.Points.AddRange(points.Select(point => new DataPoint(point.X, point.Y)));
            plot.Series.Add(series);
        }

        return Export(plot);
    }

    /// <summary>A group of bars for each category.</summary>
    public static string Bars(
        string title, string y, IReadOnlyList<string> categories, IEnumerable<(string Name, IReadOnlyList<double> Values)> groups)
    {
        var plot = Plot(title);
        var axis = new CategoryAxis { Position = AxisPosition.Left, Key = "categories", StartPosition = 1, EndPosition = 0 };
        axis.Labels.AddRange(categories);
        plot.Axes.Add(axis);
        plot.Axes.Add(new LinearAxis { Position = AxisPosition.Bottom, Key = "values", Title = y, Minimum = 0, MajorGridlineStyle = LineStyle.Dot, MaximumPadding = 0.1 });
        foreach (var ((name, values), i) in groups.Select((group, i) => (group, i)))
        {
            var series = new BarSeries { Title = name, FillColor = Colors[i % Colors.Length], XAxisKey = "values", YAxisKey = "categories" };
            series.Items.AddRange(values.Select(value => new BarItem(value)));
            plot.Series.Add(series);
        }

        return Export(plot);
    }

    private static PlotModel Plot(string title)
    {
        var plot = new PlotModel { Title = title, DefaultFontSize = 14, TitleFontSize = 15, Background = OxyColors.White };
        // Beside the plot, where it hides nothing.
        plot.Legends.Add(new Legend { LegendPlacement = LegendPlacement.Outside, LegendPosition = LegendPosition.BottomCenter, LegendOrientation = LegendOrientation.Horizontal });
        return plot;
    }

    private static string Export(PlotModel plot) => Cli.Output.Svg.Document(plot, 720, 400);
}

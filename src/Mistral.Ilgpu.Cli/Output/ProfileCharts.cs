using Mistral.Ilgpu.Diagnostics.Profiling;
using OxyPlot;
using OxyPlot.Axes;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>The parts that all plots of a profile share.</summary>
internal static class ProfileCharts
{
    public const int Width = 720;
    public const double TextSize = 13;

    // The width of a character as a fraction of the font's size. An upper bound, because the browser chooses the font.
    private const double Widest = 0.66;

    private static readonly OxyColor PrefillColor = OxyColor.FromRgb(0xd5, 0x5e, 0x00);
    private static readonly OxyColor DecodeColor = OxyColor.FromRgb(0x00, 0x72, 0xb2);

    public static OxyColor HostColor { get; } = OxyColor.FromRgb(0x88, 0x88, 0x88);

    public static OxyColor ColorOf(PassTiming pass) => pass.IsPrefill ? PrefillColor : DecodeColor;

    /// <summary>An upper bound of a text's width in any font.</summary>
    public static double WidthOf(string text, double size) => text.Length * size * Widest;

    /// <summary>A plot without background and title, because the page has them.</summary>
    public static PlotModel Plot(OxyThickness margins) => new()
    {
        DefaultFont = "system-ui, sans-serif",
        DefaultFontSize = TextSize,
        Background = OxyColors.Undefined,
        Padding = new OxyThickness(0),
        PlotMargins = margins,
    };

    /// <summary>Moves an axis's title clear of its numbers.</summary>
    public static T Titled<T>(T axis)
        where T : Axis
    {
        axis.AxisTitleDistance = 9;
        return axis;
    }

    /// <summary>Exports a plot as SVG with the page's colours, which differ in dark mode.</summary>
    public static string Export(PlotModel plot, int height) => Svg.Inline(plot, Width, height)
        .Replace("rgb(213,94,0)", "var(--prefill)", StringComparison.Ordinal)
        .Replace("rgb(0,114,178)", "var(--decode)", StringComparison.Ordinal)
        .Replace("rgb(0,0,0)", "currentColor", StringComparison.Ordinal)
        .Replace("black", "currentColor", StringComparison.Ordinal);
}

using System.Text.RegularExpressions;
using OxyPlot;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>Exports plots as self-contained SVG.</summary>
internal static partial class Svg
{
    /// <summary>Exports a plot as a file.</summary>
    public static string Document(PlotModel plot, int width, int height) => Export(plot, width, height, isDocument: true);

    /// <summary>
    /// Exports a plot as a part of a page, as wide as the page allows. It has a view box instead of a size, and no XML
    /// declaration.
    /// </summary>
    public static string Inline(PlotModel plot, int width, int height) => Size().Replace(
        Export(plot, width, height, isDocument: false),
        FormattableString.Invariant($"<svg viewBox=\"0 0 {width} {height}\""), count: 1).Trim();

    private static string Export(PlotModel plot, int width, int height, bool isDocument)
    {
        using var stream = new MemoryStream();
        new SvgExporter
        {
            Width = width,
            Height = height,
            IsDocument = isDocument,
            TextMeasurer = new WideText(width, height)
        }.Export(plot, stream);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    [GeneratedRegex("^.*?<svg width=\"[0-9.]+\" height=\"[0-9.]+\"", RegexOptions.Singleline)]
    private static partial Regex Size();

    // Reserves width for wider fonts than the one it knows, because the browser chooses the font.
    private sealed class WideText(double width, double height) : PdfRenderContext(width, height, OxyColors.White)
    {
        private const double Widest = 1.25;

        public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight)
        {
            var size = base.MeasureText(text, fontFamily, fontSize, fontWeight);
            return new OxySize(size.Width * Widest, size.Height);
        }
    }
}

using OxyPlot;

namespace Mistral.Ilgpu.Cli.Output;

/// <summary>Places labels beside points so that no label covers another one or a point. The unit is a pixel.</summary>
/// <param name="area">The area for labels.</param>
/// <param name="height">The height of a label.</param>
internal sealed class LabelLayout(OxyRect area, double height)
{
    private const double Gap = 9;

    private static readonly int[] Directions = [1, -1];

    private readonly List<OxyRect> _taken = [];

    /// <summary>Reserves the area around a point.</summary>
    public void Avoid(ScreenPoint point, double radius) =>
        _taken.Add(new OxyRect(point.X - radius, point.Y - radius, 2 * radius, 2 * radius));

    /// <summary>
    /// Finds the nearest free place beside a point, on the preferred side or, further up or down, on either side.
    /// </summary>
    /// <param name="width">The label's width.</param>
    /// <param name="side">The preferred side: -1 for left, 1 for right.</param>
    public OxyRect Place(ScreenPoint point, double width, int side)
    {
        // The other side counts as two lines away.
        var places =
            from line in Enumerable.Range(0, (int)(area.Height / height) + 1)
            from direction in Directions
            from turn in Directions
            orderby turn > 0 ? line : line + 2
            select Beside(point, width, turn * side, direction * line * height);
        var found = places.FirstOrDefault(
            place => IsInside(place) && !_taken.Exists(taken => Overlap(place, taken)), Beside(point, width, side, 0));
        _taken.Add(found);
        return found;
    }

    private static bool Overlap(OxyRect one, OxyRect other) =>
        one.Left < other.Right && other.Left < one.Right && one.Top < other.Bottom && other.Top < one.Bottom;

    private bool IsInside(OxyRect place) =>
        place.Left >= area.Left && place.Right <= area.Right && place.Top >= area.Top && place.Bottom <= area.Bottom;

    private OxyRect Beside(ScreenPoint point, double width, int side, double down) =>
        new(side > 0 ? point.X + Gap : point.X - Gap - width, point.Y + down - (height / 2), width, height);
}

using Mistral.Ilgpu.Cli.Output;
using OxyPlot;
using Xunit;

namespace Mistral.Ilgpu.Tests.Profiling;

public sealed class LabelLayoutTests
{
    private static readonly OxyRect Area = new(80, 10, 600, 500);

    [Theory]
    [InlineData(1, 300)]
    [InlineData(2, 30)]
    [InlineData(3, 1)]
    public void Labels_OfPointsCloseTogether_CoverNeitherEachOtherNorPoints(int seed, int spread)
    {
        var random = new Random(seed);
        var points = Enumerable.Range(0, 24)
            .Select(_ => new ScreenPoint(370 + random.Next(-spread, spread), 250 + random.Next(-spread / 2, spread))).ToList();
        var layout = new LabelLayout(Area, 15);
        points.ForEach(point => layout.Avoid(point, 6));
        var labels = points.Select((point, i) => layout.Place(point, random.Next(30, 150), i % 2 == 0 ? -1 : 1)).ToList();
        for (int i = 0; i < labels.Count; i++)
        {
            var label = labels[i];
            Assert.True(Area.Contains(label.Left, label.Top) && Area.Contains(label.Right, label.Bottom), $"{label} is outside");
            Assert.DoesNotContain(points, label.Contains);
            Assert.DoesNotContain(
                labels[..i],
                other => label.Left < other.Right && other.Left < label.Right && label.Top < other.Bottom && other.Top < label.Bottom);
        }
    }

    [Fact]
    public void Label_OfAPointAtTheEdge_StandsOnItsOtherSide() =>
        Assert.True(new LabelLayout(Area, 15).Place(new ScreenPoint(Area.Left + 5, 100), 60, side: -1).Left > Area.Left + 5);
}

using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Tests.Model;

public sealed class LayerSplitTests
{
    private static readonly IReadOnlyList<long> Layers = [.. Enumerable.Repeat(10L, 9)];

    [Theory]
    [InlineData(8, "3,1", "6,2")]
    [InlineData(7, "1,1", "4,3")]
    [InlineData(3, "100,1,1", "1,1,1")]
    [InlineData(6, "1", "6")]
    [InlineData(10, "0.5,0.25,0.25", "5,3,2")]
    public void InProportion_OfShares_GivesEachDeviceItsLayers(int layers, string shares, string expected) => Assert.Equal(
        expected, Text(layers, LayerSplit.InProportion(layers, [.. shares.Split(',').Select(share =>
            double.Parse(share, System.Globalization.CultureInfo.InvariantCulture))])));

    [Theory]
    // Twice the memory, twice the layers.
    [InlineData("200,100", "0,0", "6,3")]
    // Memory that does not depend on layers counts.
    [InlineData("100,100", "50,0", "2,7")]
    // Too little for all: each is filled beyond its memory alike.
    [InlineData("20,10", "0,0", "6,3")]
    // Each device has at least one layer.
    [InlineData("1000,1,1", "0,0,0", "7,1,1")]
    public void ByMemory_OfEqualLayers_FillsDevicesEqually(string bytes, string taken, string expected)
    {
        long[] fixedBytes = [.. taken.Split(',').Select(long.Parse)];
        var split = LayerSplit.ByMemory(
            [.. bytes.Split(',').Select((room, i) => new LayerRoom(long.Parse(room), fixedBytes[i], Layers))]);
        Assert.Equal(expected, Text(9, split));
    }

    [Theory]
    // The spare device has no layer while others have room, however much memory it has.
    [InlineData("95,1000", "9,0")]
    [InlineData("65,1000", "6,3")]
    [InlineData("35,35,1000", "3,3,3")]
    public void ByMemory_WithASpareDevice_GivesItWhatOthersHaveNoRoomFor(string bytes, string expected)
    {
        string[] rooms = bytes.Split(',');
        var split = LayerSplit.ByMemory(
            [.. rooms.Select((room, i) => new LayerRoom(long.Parse(room), 0, Layers, IsSpare: i == rooms.Length - 1))]);
        Assert.Equal(expected, Text(9, split));
    }

    private static string Text(int layers, IReadOnlyList<Range> ranges)
    {
        int next = 0;
        var counts = new List<int>();
        foreach (var range in ranges)
        {
            var (first, count) = range.GetOffsetAndLength(layers);
            Assert.Equal(next, first);
            counts.Add(count);
            next += count;
        }

        Assert.Equal(layers, next);
        return string.Join(',', counts);
    }
}

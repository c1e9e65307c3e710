using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

public sealed class DecodeSplitsTests
{
    [Fact]
    public void Splits_OfAnyPosition_CoverWhatIsVisibleOnce()
    {
        var data = new RandomData();
        for (int trial = 0; trial < 2000; trial++)
        {
            int window = data.Next(1, 20_000);
            int position = data.Next(0, 60_000);
            var token = new QueryTile(0, 1, position, 0, position + 1, 0);
            var visible = AttentionBlock.Visible(token, 0, window);
            int least = data.Next(1, DecodeSplits.LeastTiles + 1);
            int splits = DecodeSplits.Count(position, window, least);
            Assert.InRange(splits, 1, DecodeSplits.Most);
            Assert.InRange(splits, 1, Math.Min(DecodeSplits.Room(position + 1, least), DecodeSplits.Room(window, least)));
            int next = visible.FirstTile;
            for (int split = 0; split < splits; split++)
            {
                var part = DecodeSplits.Split(token, 0, window, split, least);
                Assert.Equal(next, part.FirstTile);
                Assert.True(part.EndTile > part.FirstTile);
                next = part.EndTile;
            }

            Assert.Equal(visible.EndTile, next);
        }
    }

    [Fact]
    public void Splits_OnCuda_FillAnH100()
    {
        const int Window = 4096, KvHeads = 8, Multiprocessors = 132, WarpsInGroup = 4;
        int least = Family.Of(new DeviceInfo(DeviceKind.Cuda, 0, "H100", true, 80L << 30, Multiprocessors, 1024, []) { CudaArchitecture = 90 }).SplitTiles;
        // A tile for each warp of a group: no warp is idle, and none takes two in turn before all multiprocessors have work.
        Assert.Equal(WarpsInGroup, TensorForms.DecodeGroup(128) / 32);
        Assert.Equal(WarpsInGroup, least);
        Assert.Equal(72, DecodeSplits.Count(512, Window, least) * KvHeads);
        Assert.InRange(DecodeSplits.Count(1024, Window, least) * KvHeads, Multiprocessors, int.MaxValue);
        Assert.InRange(DecodeSplits.Count(40_000, Window, least) * KvHeads, Multiprocessors, int.MaxValue);
    }
}

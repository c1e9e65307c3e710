using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>Products by warpgroups with bulk copies give the bits of those without, and each tile is made once.</summary>
public sealed class BulkProductTests
{
    private const int Prompt = 300;
    private const int Decoded = 3;

    // Rows and tokens that are no whole tiles, columns that are no whole stages; groups that have one tile or several.
    [Theory]
    [InlineData(150, 200, 4)]
    [InlineData(128, 64, 1)]
    [InlineData(300, 328, 2)]
    public void Product_WithBulkCopies_HasTheBitsOfThatWithout(int rows, int columns, int groups)
    {
        Check<Assign>(rows, rows, columns, groups);
        Check<AddToResidual>(rows, rows, columns, groups);
    }

    [Theory]
    [InlineData(64, 72, 1)]
    [InlineData(150, 200, 3)]
    public void GatedProduct_WithBulkCopies_HasTheBitsOfThatWithout(int rows, int columns, int groups)
    {
        Check<GateWithSilu>(2 * rows, rows, columns, groups);
        Check<GateRounded<BFloat16Tensor>>(2 * rows, rows, columns, groups);
    }

    [Fact]
    public void TileOrder_OfAnyShape_HasEachTileOnce()
    {
        foreach (int rows in new[] { 1, 2, 5, 48 })
        {
            for (int tokens = 1; tokens < 20; tokens++)
            {
                var order = new TileOrder(rows, tokens);
                var tiles = Enumerable.Range(0, order.Count).Select(index => (Row: order.Row(index), Token: order.Token(index))).ToHashSet();
                Assert.Equal(rows * tokens, tiles.Count);
                Assert.All(tiles, tile => Assert.True(tile.Row >= 0 && tile.Row < rows && tile.Token >= 0 && tile.Token < tokens));
            }
        }
    }

    // A 7B model's gated product of a prompt of 4,096 tokens: 448 tiles of rows × 16 of tokens, by 132 groups.
    [Fact]
    public void TileOrder_TilesUnderWayTogether_ShareRowsAndTokens()
    {
        var order = new TileOrder(448, 16);
        for (int first = 0; first + 132 <= order.Count; first += 132)
        {
            int[] indexes = [.. Enumerable.Range(first, 132)];
            Assert.InRange(indexes.Select(order.Row).Distinct().Count(), 1, 18);
            Assert.InRange(indexes.Select(order.Token).Distinct().Count(), 1, 16);
        }
    }

    private static void Check<TEpilogue>(int weightRows, int rows, int columns, int groups)
        where TEpilogue : struct, IEpilogue
    {
        var device = TestDevice.Get("cuda");
        var products = WarpgroupProducts.Of(device);
        bool works = products?.MultiplyInBulk<BFloat16Tensor>() == true;
        Assert.SkipWhen(!works && !TestDevice.IsInterpreted(device), $"no bulk copies: {device.Drawback}");
        Assert.True(works, device.Drawback);
        var data = new RandomData();
        int stride = Padding.Pad(columns);
        int tokens = Decoded + Prompt;
        var state = PassState.Of(device, tokens, Decoded);
        var weights = new ElementTiles(device.Upload(Bits(data, weightRows, columns)), stride);
        var input = device.Upload(Bits(data, tokens, columns));
        float[] before = data.Floats(tokens * rows);
        var (expected, found) = (device.Upload(before), device.Upload(before));
        device.Launch(
            WarpgroupProducts.Shape(Prompt, rows, TEpilogue.IsGated),
            new MatMulWarpgroup<BFloat16Tensor, ElementTiles, TEpilogue>(
                state, weights, input, expected, rows, stride, rows, RowRange.Prefill));
        device.Launch(
            WarpgroupProducts.BulkShape(groups),
            products!.Bulk<BFloat16Tensor, TEpilogue>(
                state, weights, weightRows, input, stride, found, rows, rows, RowRange.Prefill));
        var (a, b) = (device.Download(expected), device.Download(found));
        Assert.Equal(a.Select(BitConverter.SingleToInt32Bits), b.Select(BitConverter.SingleToInt32Bits));
        Assert.NotEqual(before, b);
    }

    private static ushort[] Bits(RandomData data, int rows, int columns)
    {
        int stride = Padding.Pad(columns);
        var bits = new ushort[rows * stride];
        float[] values = data.Floats(rows * columns);
        for (int i = 0; i < values.Length; i++)
        {
            bits[(i / columns * stride) + (i % columns)] = BFloat16.Encode(values[i]);
        }

        return bits;
    }
}

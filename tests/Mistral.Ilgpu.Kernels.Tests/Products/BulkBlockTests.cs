using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>Products of blocks that come by bulk copies and are unpacked by other warps than those that multiply give the bits of
/// those without.</summary>
public sealed class BulkBlockTests
{
    private const int Prompt = 270;
    private const int Decoded = 3;

    public static TheoryData<string> Formats =>
        [.. KernelCatalog.All.Where(form => form.Kernel.Name == "BlockEmbed`1").Select(form => form.Kernel.GetGenericArguments()[0].Name)];

    // Two tiles, rows and tokens that are no whole ones, more lines than there are places for. 1,024 columns are whole pieces in
    // every format.
    [Theory]
    [MemberData(nameof(Formats))]
    public void Product_OfBlocksInBulk_HasTheBitsOfThatWithout(string format) =>
        Check(format, typeof(Assign), 130, 130, 1024, 1);

    // Columns that are no whole stages; what is added to.
    [Theory]
    [InlineData("Q8_0", 96)]
    [InlineData("Q4_0", 160)]
    [InlineData("Q5_1", 128)]
    public void Product_OfOddColumnsOrOneTile_HasTheBitsOfThatWithout(string format, int columns) =>
        Check(format, typeof(AddToResidual), 130, 130, columns, 2);

    [Theory]
    [InlineData("Q4_K", typeof(GateWithSilu))]
    [InlineData("Q6_K", typeof(GateRounded<Float16Tensor>))]
    [InlineData("Q5_0", typeof(GateWithSilu))]
    public void GatedProduct_OfBlocksInBulk_HasTheBitsOfThatWithout(string format, Type epilogue) =>
        Check(format, epilogue, 2 * 150, 150, 512, 2);

    private static void Check(string format, Type epilogue, int weightRows, int rows, int columns, int groups)
    {
        var type = typeof(IPackedFormat).Assembly.GetType($"{typeof(IPackedFormat).Namespace}.{format}")!;
        typeof(BulkBlockTests).GetMethod(nameof(CheckOf), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!
            .MakeGenericMethod(type, epilogue).Invoke(null, System.Reflection.BindingFlags.DoNotWrapExceptions, null, [weightRows, rows, columns, groups], null);
    }

    private static void CheckOf<TFormat, TEpilogue>(int weightRows, int rows, int columns, int groups)
        where TFormat : struct, IPackedFormat
        where TEpilogue : struct, IEpilogue
    {
        var device = TestDevice.Get("cuda");
        var products = WarpgroupProducts.Of(device);
        bool works = products?.MultiplyBlocks() == true;
        Assert.SkipWhen(!works && !TestDevice.IsInterpreted(device), $"no bulk copies: {device.Drawback}");
        Assert.True(works, device.Drawback);
        var random = new Random(7);
        var data = new RandomData();
        int stride = Padding.Pad(columns);
        int tokens = Decoded + Prompt;
        int blocks = weightRows * (columns / TFormat.BlockLength);
        var state = PassState.Of(device, tokens, Decoded);
        byte[] quants = new byte[blocks * TFormat.QuantBytes];
        random.NextBytes(quants);
        // Halves of ordinary size, whatever of a block they are.
        ushort[] scales = [.. Enumerable.Range(0, blocks * TFormat.ScaleWords).Select(_ => (ushort)((random.Next(1 << 16) & 0x83FF) | 0x1C00))];
        var weights = new BlockWeights(device.Upload(quants), device.Upload(scales), columns);
        var input = device.Upload(Bits(data, tokens, columns, stride));
        float[] before = data.Floats(tokens * rows);
        var (expected, found) = (device.Upload(before), device.Upload(before));
        device.Launch(
            WarpgroupProducts.Shape(Prompt, rows, TEpilogue.IsGated),
            new MatMulWarpgroup<Float16Tensor, BlockTiles<TFormat>, TEpilogue>(
                state, new BlockTiles<TFormat>(weights), input, expected, rows, stride, rows, RowRange.Prefill));
        device.Launch(
            WarpgroupProducts.BlockShape(groups),
            products!.Blocks<TFormat, TEpilogue>(state, weights, weightRows, input, stride, found, rows, rows, RowRange.Prefill));
        var (a, b) = (device.Download(expected), device.Download(found));
        Assert.Equal(a.Select(BitConverter.SingleToInt32Bits), b.Select(BitConverter.SingleToInt32Bits));
        Assert.NotEqual(before, b);
        Assert.DoesNotContain(b, float.IsNaN);
    }

    private static ushort[] Bits(RandomData data, int rows, int columns, int stride)
    {
        var bits = new ushort[rows * stride];
        float[] values = data.Floats(rows * columns);
        for (int i = 0; i < values.Length; i++)
        {
            bits[(i / columns * stride) + (i % columns)] = Float16.Encode(values[i]);
        }

        return bits;
    }
}

using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>Prompts times weights in blocks, which become 16-bit numbers on their way to shared memory, with warpgroups and
/// without.</summary>
public sealed class PromptBlockTests
{
    private static readonly string[] PromptDevices = ["cuda", "cuda:mma"];

    public static TheoryData<string> Devices => [.. PromptDevices];

    public static TheoryData<string, TensorFormat> ShortBlocks => new(
        from device in PromptDevices
        from format in new[] { TensorFormat.Q8_0, TensorFormat.Q4_0, TensorFormat.Q4_1 }
        select (device, format));

    // Token t is zeros but for a 1 in column t, so that its products are the weights there. Column c of row r has byte c + r, and
    // of 32 rows each place in a run has all 256.
    [Theory]
    [MemberData(nameof(Devices))]
    public void EveryByte_InEveryPlaceOfARun_IsItself(string name)
    {
        const int Rows = BlockRun.Length;
        const int Columns = 256;
        var product = new Product(TestDevice.Get(name), TensorFormat.Q8_0, Rows, Columns, Columns);
        var ones = new float[product.Input.Length];
        for (int token = 0; token < Columns; token++)
        {
            ones[(token * (ones.Length / Columns)) + token] = 1;
        }

        float[] found = product.With(EveryByte(TestDevice.Get(name), product.Band)).With(ones).Run(new Pass(0, Columns, 0));
        for (int token = 0; token < Columns; token++)
        {
            Assert.Equal(
                Enumerable.Range(token, Rows).Select(value => (float)(sbyte)value),
                found.Skip(token * product.OutputStride).Take(Rows));
        }
    }

    // Warpgroups take 64 columns at a time: what is in the place of weights behind the last 32 must not count.
    [Theory]
    [MemberData(nameof(ShortBlocks))]
    public void Columns_OfHalfAStageMore_AreNearFloat64(string name, TensorFormat format)
    {
        foreach (var (columns, tokens) in new[] { (32, 3), (288, 70) })
        {
            var product = new Product(TestDevice.Get(name), format, 37, columns, tokens);
            // Activations and weights each take half a unit in the eleventh bit.
            product.Check(product.Run(new Pass(0, tokens, 0)), 6e-4);
        }
    }

    private static WeightBand EveryByte(ComputeDevice device, WeightBand like)
    {
        var blocks = new List<byte>();
        for (int row = 0; row < like.Rows; row++)
        {
            for (int column = 0; column < like.Columns; column++)
            {
                if (column % BlockRun.Length == 0)
                {
                    // The scale.
                    blocks.AddRange(BitConverter.GetBytes((Half)1f));
                }

                blocks.Add((byte)(column + row));
            }
        }

        var band = like with { Bytes = device.Zeros<byte>((int)like.Bytes.Length) };
        using var stream = new WeightStream(device);
        stream.Write([.. blocks], band, 0, band.Rows);
        return band;
    }
}

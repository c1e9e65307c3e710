using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests.Products;

/// <summary>Products of blocks in strips against the simplest form, on the same activations in eight bits.</summary>
public sealed class StripProductTests
{
    private const double Tolerance = 1e-6;

    public static TheoryData<string, TensorFormat> Cases =>
        TestDevice.Rows(
            ["cpu", "opencl"], Enum.GetValues<TensorFormat>().Where(format => format.IsQuantized()), TestDevice.IsLong);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Product_InStrips_EqualsTheRowForms(string name, TensorFormat format) =>
        format.Descriptor().Use(new Check(name, format));

    private sealed record Check(string Name, TensorFormat Format) : IFormatUse<bool>
    {
        bool IFormatUse<bool>.Elements<TFormat, TElement>() => throw new InvalidOperationException($"{Format} has no blocks");

        bool IFormatUse<bool>.Blocks<TFormat>()
        {
            CheckProduct<TFormat>(Name, Format);
            return true;
        }
    }

    private static void CheckProduct<TFormat>(string name, TensorFormat format)
        where TFormat : struct, IStripFormat
    {
        // Six tokens: four at once and two alone; 37 rows: two strips and a part.
        const int Rows = 37;
        const int Columns = 768;
        const int Tokens = 6;
        var device = TestDevice.Get(name);
        var random = new Random(11);
        byte[] blocks = RandomBlocks.Create(random, format, Rows * Columns / format.BlockLength());
        var rows = Band(WeightLayout.Rows);
        var strips = Band(WeightLayout.Strips);
        using var stream = new WeightStream(device);
        stream.Write(blocks, rows, 0, Rows);
        FormatForms.Of(format).PackStrips(device, rows, Rows, strips, 0);

        var state = PassState.Of(device, Tokens);
        var input = device.Upload(
            Enumerable.Range(0, Tokens * Columns).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray());
        var quantized = QuantizedActivations.Allocate(device, Tokens, Columns, "test data", _ => { })!.Value;
        device.Launch(new KernelConfig(1, 2), new QuantizeInput(state, input, quantized, Columns, RowRange.Tokens));
        int stride = Padding.Pad(Rows);
        var (right, found) = (device.Zeros<float>(Tokens * stride), device.Zeros<float>(Tokens * stride));
        device.Launch(
            new KernelConfig(1, 2), new BlockMatVecRow<TFormat, Int8Input, Assign>(state, rows.Blocks, quantized, right, Rows, stride, RowRange.Tokens));
        device.Launch(
            new KernelConfig(2, 1),
            new BlockStripMatVec<TFormat, Assign>(state, strips.Strips, quantized, found, Rows, stride, RowRange.Tokens));

        double[] expected = [.. device.Download(right).Select(value => (double)value)];
        double size = Math.Sqrt(expected.Sum(value => value * value) / (Tokens * Rows));
        CheckFound();
        if (device.Info.Kind == DeviceKind.Cpu)
        {
            var vectors = VectorInput.In(quantized);
            device.Launch(
                new KernelConfig(1, 2), new QuantizeInputVectors(state, input, vectors, Columns, RowRange.Tokens));
            device.Launch(
                new KernelConfig(1, 2),
                new BlockStripVectors<TFormat, Assign>(state, strips.Strips, vectors, found, Rows, stride, RowRange.Tokens));
            CheckFound();
        }

        void CheckFound() => Assert.All(
            expected.Zip(device.Download(found)),
            pair => Assert.InRange(pair.Second, pair.First - (size * 50 * Tolerance), pair.First + (size * 50 * Tolerance)));

        WeightBand Band(WeightLayout layout) =>
            new(0, Rows, Columns, format, device.Zeros<byte>(WeightBand.SizeOf(Rows, Columns, format, layout)), layout);
    }
}

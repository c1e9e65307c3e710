using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

public sealed class RmsNormTests
{
    private const float Epsilon = 1e-5f;

    public static TheoryData<string> All => TestDevice.All;

    public static TheoryData<string> Grouped => TestDevice.Grouped;

    public static TheoryData<string> Waves => TestDevice.Rows(TestDevice.Waves);

    [Theory]
    [MemberData(nameof(All))]
    public void RmsNormRow_AnyShape_EqualsReference(string name) =>
        Check(name, (device, state, x, gain, y, columns, stride, rows) =>
        device.Launch(
            new KernelConfig(2, 2),
            new RmsNormRow(state, x, gain, y, columns, stride, Epsilon, RowRange.Logits)));

    [Fact]
    public void RmsNormVectors_AnyShape_EqualsReference() => Check("cpu", (device, state, x, gain, y, columns, stride, rows) =>
        device.Launch(new KernelConfig(1, 2), new RmsNormVectors(state, x, gain, y, columns, stride, Epsilon, RowRange.Logits)));

    [Theory]
    [MemberData(nameof(Grouped))]
    public void RmsNormGroup_AnyShape_EqualsReference(string name) =>
        Check(name, (device, state, x, gain, y, columns, stride, rows) =>
        device.Launch(
            new KernelConfig(rows, 64),
            new RmsNormGroup(state, x, gain, y, columns, stride, Epsilon, RowRange.Logits)));

    [Theory]
    [MemberData(nameof(Waves))]
    public void RmsNormWarp_ColumnsInFours_EqualsReference(string name) => Check(
        name,
        (device, state, x, gain, y, columns, stride, rows) => device.Launch(
            new KernelConfig(rows, 96),
            new RmsNormWarp<FloatsAlone>(
                state, x.Cast<Floats4>(), new RmsNormed(gain.Cast<Floats4>(), columns, Epsilon), y.Cast<Floats4>(), default, stride, RowRange.Logits, RowRange.Logits)),
        [4, 16, 132, 300, 1024]);

    [Theory]
    [MemberData(nameof(Waves))]
    public void RmsNormWarp_AlsoInEightBits_IsThatOfTheTwoKernels(string name)
    {
        const int Rows = 3;
        const int Packed = 2;
        var device = TestDevice.Get(name);
        foreach (int columns in new[] { 32, 416, 1024 })
        {
            var data = new RandomData();
            var x = device.Upload(data.Floats(Rows * columns, 2)).Cast<Floats4>();
            var norm = new RmsNormed(device.Upload(data.Floats(columns, 2)).Cast<Floats4>(), columns, Epsilon);
            var state = PassState.Of(device, Rows, Packed);
            var (apart, together) = (device.Zeros<float>(Rows * columns), device.Zeros<float>(Rows * columns));
            var (packedApart, packedTogether) = (Room(), Room());

            device.Launch(
                new KernelConfig(Rows, 128),
                new RmsNormWarp<FloatsAlone>(state, x, norm, apart.Cast<Floats4>(), default, columns, RowRange.Tokens, RowRange.Decode));
            device.Launch(
                new KernelConfig((Packed * columns / 4 / 256) + 1, 256),
                new QuantizePacked(state, apart, packedApart, columns, RowRange.Decode));
            device.Launch(
                new KernelConfig(Rows, 128),
                new RmsNormWarp<AlsoInt8>(state, x, norm, together.Cast<Floats4>(), packedTogether, columns, RowRange.Tokens, RowRange.Decode));

            Assert.Equal(device.Download(apart), device.Download(together));
            Assert.Equal(device.Download(packedApart.Values), device.Download(packedTogether.Values));
            Assert.Equal(device.Download(packedApart.Runs), device.Download(packedTogether.Runs));

            PackedInput Room() =>
                new(device.Zeros<uint>(Rows * columns / 4), device.Zeros<Floats4>(Rows * columns / 32), columns);
        }
    }

    private delegate void LaunchNorm(
        ComputeDevice device, StepState state, ArrayView<float> x, ArrayView<float> gain, ArrayView<float> y,
        int columns, int stride, int rows);

    private static void Check(string name, LaunchNorm launch, int[]? widths = null)
    {
        var device = TestDevice.Get(name);
        foreach (int columns in widths ?? [1, 7, 16, 129, 300])
        {
            var data = new RandomData();
            int rows = data.Next(1, 6);
            const int FirstRow = 2;
            int stride = Padding.Pad(columns);
            float[] x = data.PaddedRows(FirstRow + rows, columns);
            float[] gain = data.Floats(columns, 2);
            var y = device.Zeros<float>(rows * stride);
            var state = PassState.OfLogits(device, [.. Enumerable.Range(FirstRow, rows)]);
            launch(device, state, device.Upload(x), device.Upload(gain), y, columns, stride, rows);
            float[] actual = device.Download(y);
            for (int row = 0; row < rows; row++)
            {
                double[] input = [.. x.Skip((FirstRow + row) * stride).Take(columns).Select(v => (double)v)];
                double[] expected = ReferenceOps.RmsNorm(input, [.. gain.Select(g => (double)g)], Epsilon);
                Closeness.AssertClose(expected, actual[(row * stride)..((row * stride) + columns)]);
                Assert.All(actual[((row * stride) + columns)..((row + 1) * stride)], pad => Assert.Equal(0, pad));
            }
        }
    }
}

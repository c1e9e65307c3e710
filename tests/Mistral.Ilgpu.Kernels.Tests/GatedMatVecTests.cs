using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

public sealed class GatedMatVecTests
{
    public static TheoryData<string> All => TestDevice.All;

    public static TheoryData<string> Grouped => TestDevice.Grouped;

    private enum Form
    {
        Packs,
        Vectors,
        Group,
    }

    [Theory]
    [MemberData(nameof(All))]
    public void GatedMatVecPacks_AnyShape_EqualsReference(string name) =>
        CheckFormats(TestDevice.Get(name), Form.Packs, tokens: 3);

    [Fact]
    public void GatedMatVecVectors_AnyShape_EqualsReference() => CheckFormats(TestDevice.Get("cpu"), Form.Vectors, tokens: 6);

    [Theory]
    [MemberData(nameof(Grouped))]
    public void GatedMatVecGroup_AnyShape_EqualsReference(string name) =>
        CheckFormats(TestDevice.Get(name), Form.Group, tokens: 2);

    private static void CheckFormats(ComputeDevice device, Form form, int tokens)
    {
        foreach (var (allRows, columns) in new[] { (1, 1), (5, 7), (34, 64), (65, 130) })
        {
            // Each row of a gated pair has a group of its own there: more are only more of the same.
            int rows = form == Form.Group ? Math.Min(allRows, 9) : allRows;
            Check<Float32, float>(device, form, rows, columns, tokens);
            Check<BFloat16, ushort>(device, form, rows, columns, tokens);
            Check<Float16, ushort>(device, form, rows, columns, tokens);
        }
    }

    private static void Check<TFormat, TElement>(ComputeDevice device, Form form, int rows, int columns, int tokens)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var data = new RandomData();
        int stride = Padding.Pad(columns);
        TElement[] weights = [.. data.PaddedRows(2 * rows, columns).Select(TFormat.Encode)];
        float[] x = data.PaddedRows(tokens, columns);
        var state = PassState.Of(device, tokens);
        var (w, input, output) = (device.Upload(weights), device.Upload(x), device.Zeros<float>(tokens * rows));
        switch (form)
        {
            case Form.Packs:
                device.Launch(
                    new KernelConfig(1, 2),
                    new GatedMatVecPacks<TFormat, TElement>(state, w, input, output, rows, stride, rows, RowRange.Tokens));
                break;
            case Form.Vectors:
                device.Launch(
                    new KernelConfig(1, 2),
                    new GatedMatVecVectors<TFormat, TElement>(state, w, input, output, rows, stride, rows, RowRange.Tokens));
                break;
            default:
                device.Launch(
                    new KernelConfig(new Index3D(rows, tokens, 1), new Index3D(32, 1, 1)),
                    new GatedMatVecGroup<TFormat, TElement>(w, input, output, rows, stride, rows));
                break;
        }

        double[] decoded = [.. weights.Select(bits => (double)TFormat.Decode(bits))];
        double[] expected =
        [
            .. x.Chunk(stride).SelectMany(row =>
            {
                double[] products = ReferenceOps.MatVec(decoded, [.. row.Select(v => (double)v)]);
                return ReferenceOps.SwiGlu(products[..rows], products[rows..]);
            }),
        ];
        Closeness.AssertClose(expected, device.Download(output), absolute: 1e-5);
    }
}

using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Reference;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

public sealed class EmbedTests
{
    public static TheoryData<string> All => TestDevice.All;

    [Theory]
    [MemberData(nameof(All))]
    public void Embed_AnyIds_CopiesTheirRows(string name)
    {
        Check<Float32, float>(TestDevice.Get(name));
        Check<BFloat16, ushort>(TestDevice.Get(name));
        Check<Float16, ushort>(TestDevice.Get(name));
    }

    private static void Check<TFormat, TElement>(ComputeDevice device)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var data = new RandomData();
        const int Columns = 19;
        int stride = Padding.Pad(Columns);
        TElement[] table = [.. data.PaddedRows(11, Columns).Select(TFormat.Encode)];
        int[] ids = [10, 0, 3, 3, 7];
        var hidden = device.Zeros<float>(ids.Length * stride);
        device.Launch(new KernelConfig(2, 2), new Embed<TFormat, TElement>(PassState.Of(device, ids.Length, ids: ids), device.Upload(table), hidden, Columns, stride));
        float[] expected = [.. ids.SelectMany(id => table.Skip(id * stride).Take(stride).Select(TFormat.Decode))];
        Assert.Equal(expected, device.Download(hidden));
    }
}

public sealed class SwiGluTests
{
    public static TheoryData<string> All => TestDevice.All;

    [Theory]
    [MemberData(nameof(All))]
    public void SwiGlu_AnyShape_EqualsReference(string name) => Check(
        TestDevice.Get(name), [1, 9, 32, 77], (device, state, from, to, columns) =>
            device.Launch(new KernelConfig(2, 2), new SwiGlu(state, from, to, columns, 2 * columns, columns, RowRange.Tokens)));

    [Fact]
    public void SwiGluVectors_WholeLanes_EqualsReference() => Check(
        TestDevice.Get("cpu"), [16, 48, 160], (device, state, from, to, columns) =>
            device.Launch(new KernelConfig(1, 2), new SwiGluVectors(state, from, to, columns, 2 * columns, columns, RowRange.Tokens)));

    private static void Check(
        ComputeDevice device, int[] widths, Action<ComputeDevice, StepState, ArrayView<float>, ArrayView<float>, int> launch)
    {
        foreach (int columns in widths)
        {
            var data = new RandomData();
            int tokens = data.Next(1, 5);
            float[] input = data.Floats(tokens * 2 * columns, 12);
            var output = device.Zeros<float>(tokens * columns);
            launch(device, PassState.Of(device, tokens), device.Upload(input), output, columns);
            double[] expected =
            [
                .. input.Chunk(2 * columns).SelectMany(row => ReferenceOps.SwiGlu(
                    [.. row.Take(columns).Select(v => (double)v)], [.. row.Skip(columns).Select(v => (double)v)])),
            ];
            Closeness.AssertClose(expected, device.Download(output));
        }
    }
}

public sealed class QuantizeInputTests
{
    [Fact]
    public void QuantizeInputVectors_AnyRows_EqualTheSimpleForm()
    {
        var device = TestDevice.Get("cpu");
        var data = new RandomData();
        const int Tokens = 5;
        const int Columns = 96;
        float[] x = [.. data.Floats(Tokens * Columns, 3).Select((v, i) => i / BlockRun.Length switch { 1 => 0, 4 => v * 1e-39f, 7 => v * 1e30f, _ => v })];
        // Halves between two whole numbers.
        (x[64], x[65], x[66]) = (127, 0.5f, -2.5f);
        var state = PassState.Of(device, Tokens);
        var (input, simple, vectors) = (device.Upload(x), Room(), Room());
        device.Launch(new KernelConfig(1, 2), new QuantizeInput(state, input, simple, Columns, RowRange.Tokens));
        device.Launch(
            new KernelConfig(1, 2), new QuantizeInputVectors(state, input, VectorInput.In(vectors), Columns, RowRange.Tokens));
        Assert.Equal(device.Download(simple.Quads), device.Download(vectors.Quads));
        Floats4[] runs = device.Download(simple.Runs);
        Assert.Equal(
            runs.SelectMany(run => new[] { run.A, run.B, run.C, run.B + run.C }), device.Download(VectorInput.In(vectors).Scales));

        Int8Input Room() => QuantizedActivations.Allocate(device, Tokens, Columns, "test data", _ => { })!.Value;
    }
}

public sealed class RopeTests
{
    private const double Theta = 10000;

    public static TheoryData<string> All => TestDevice.All;

    [Theory]
    [MemberData(nameof(All))]
    public void Rope_AnyPosition_TurnsQueriesAndKeysAndKeepsValues(string name)
    {
        var device = TestDevice.Get(name);
        // The angle is as good at a million as at the start.
        foreach (int start in new[] { 0, 16, 4096, 1_000_000 })
        {
            foreach (var (heads, kvHeads, headDim) in new[] { (1, 1, 16), (4, 2, 16), (8, 2, 32), (2, 1, 128) })
            {
                Check(device, start, heads, kvHeads, headDim);
            }
        }
    }

    private static void Check(ComputeDevice device, int start, int heads, int kvHeads, int headDim)
    {
        var data = new RandomData();
        const int Tokens = 3;
        int columns = (heads + (2 * kvHeads)) * headDim;
        int width = kvHeads * headDim * TileLayout.Length;
        float[] qkv = data.Floats(Tokens * columns);
        var view = device.Upload(qkv);
        var scales = device.Zeros<ushort>(1);
        var fresh = new KvTiles<float>(device.Zeros<float>(width), device.Zeros<float>(width), scales, scales);
        var input = new AttentionInput<float>(
            PassState.Of(device, Tokens, start: start), view, view, fresh, fresh, new PageTable(device.Zeros<int>(1), 1, new Divisor(1)),
            heads, kvHeads, new Divisor(headDim), 1, columns, columns, 1);
        device.Launch(
            new KernelConfig(2, 2),
            new Rope<Float32, float>(input, device.Upload(Rotary.Frequencies(headDim, Theta)), RowRange.Tokens));
        float[] turned = device.Download(view);
        float[] keys = device.Download(fresh.Keys);
        float[] values = device.Download(fresh.Values);
        for (int token = 0; token < Tokens; token++)
        {
            double[][] row = [.. qkv[(token * columns)..((token + 1) * columns)].Select(v => (double)v).Chunk(headDim)];
            for (int head = 0; head < heads; head++)
            {
                int at = (token * columns) + (head * headDim);
                Closeness.AssertClose(
                    ReferenceOps.Rope(row[head], start + token, Theta), turned[at..(at + headDim)], absolute: 1e-6);
            }

            for (int head = 0; head < kvHeads; head++)
            {
                int at = (int)TileLayout.At(0, kvHeads, head, headDim);
                float[] key = [.. Enumerable.Range(0, headDim).Select(d => keys[at + (d * TileLayout.Length) + token])];
                Closeness.AssertClose(ReferenceOps.Rope(row[heads + head], start + token, Theta), key, absolute: 1e-6);
                at += token * headDim;
                Assert.Equal(row[heads + kvHeads + head].Select(v => (float)v), values[at..(at + headDim)]);
            }
        }
    }
}

public sealed class ArgMaxTests
{
    public static TheoryData<string> All => TestDevice.All;

    public static TheoryData<string> Grouped => TestDevice.Grouped;

    [Theory]
    [MemberData(nameof(All))]
    public void ArgMaxRow_EqualMaxima_TakesTheFirst(string name) => Check(name, (device, values, result, columns, stride) =>
        device.Launch(new KernelConfig(1, 2), new ArgMaxRow(PassState.OfLogits(device, 0, 0, 0), values, result, columns, stride)));

    [Theory]
    [MemberData(nameof(Grouped))]
    public void ArgMaxGroup_EqualMaxima_TakesTheFirst(string name) => Check(name, (device, values, result, columns, stride) =>
        device.Launch(new KernelConfig(Rows, 64), new ArgMaxGroup(values, result, columns, stride)));

    private const int Rows = 3;

    private static void Check(string name, Action<ComputeDevice, ArrayView<float>, ArrayView<int>, int, int> launch)
    {
        var device = TestDevice.Get(name);
        var data = new RandomData();
        foreach (int count in new[] { 1, 2, 63, 64, 65, 1000 })
        {
            // Few distinct values, so that the largest comes more than once; all of them negative. The padding is larger.
            int stride = Padding.Pad(count);
            float[] values = [.. data.Floats(Rows * stride).Select((v, i) => i % stride < count ? MathF.Round(v * 3) - 9 : 0)];
            var result = device.Zeros<int>(Rows);
            launch(device, device.Upload(values), result, count, stride);
            int[] expected =
                [.. values.Chunk(stride).Select(row => ReferenceOps.ArgMax([.. row.Take(count).Select(v => (double)v)]))];
            Assert.Equal(expected, device.Download(result));
        }
    }
}

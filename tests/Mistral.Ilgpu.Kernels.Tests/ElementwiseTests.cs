using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Reference;
using Xunit;
using Device = Mistral.Ilgpu.Execution.Device;

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

    private static void Check<TFormat, TElement>(Device device)
        where TFormat : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var data = new RandomData();
        const int Columns = 19;
        int stride = Padding.Pad(Columns);
        TElement[] table = [.. data.PaddedRows(11, Columns).Select(TFormat.Encode)];
        int[] ids = [10, 0, 3, 3, 7];
        var hidden = device.Zeros<float>(ids.Length * stride);
        int[] state = [ids.Length, .. new int[StepState.Ids - 1], .. ids];
        device.Launch(new KernelConfig(2, 2), new Embed<TFormat, TElement>(device.Upload(state), device.Upload(table), hidden, Columns, stride));
        float[] expected = [.. ids.SelectMany(id => table.Skip(id * stride).Take(stride).Select(TFormat.Decode))];
        Assert.Equal(expected, device.Download(hidden));
    }
}

public sealed class SwiGluTests
{
    public static TheoryData<string> All => TestDevice.All;

    [Theory]
    [MemberData(nameof(All))]
    public void SwiGlu_AnyShape_EqualsReference(string name)
    {
        var device = TestDevice.Get(name);
        foreach (int columns in new[] { 1, 9, 32, 77 })
        {
            var data = new RandomData();
            int tokens = data.Next(1, 5);
            float[] input = data.Floats(tokens * 2 * columns, 12);
            var output = device.Zeros<float>(tokens * columns);
            int[] state = [tokens, .. new int[StepState.Ids - 1]];
            device.Launch(new KernelConfig(2, 2), new SwiGlu(device.Upload(state), device.Upload(input), output, columns, 2 * columns, columns));
            double[] expected =
            [
                .. input.Chunk(2 * columns).SelectMany(row => ReferenceOps.SwiGlu(
                    [.. row.Take(columns).Select(v => (double)v)], [.. row.Skip(columns).Select(v => (double)v)])),
            ];
            Closeness.AssertClose(expected, device.Download(output));
        }
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
        foreach (int start in new[] { 0, 5, 4095, 1_000_003 })
        {
            foreach (var (heads, kvHeads, headDim) in new[] { (1, 1, 8), (4, 2, 16), (8, 2, 32), (2, 1, 128) })
            {
                Check(device, start, heads, kvHeads, headDim);
            }
        }
    }

    private static void Check(Device device, int start, int heads, int kvHeads, int headDim)
    {
        var data = new RandomData();
        const int Tokens = 3;
        int columns = (heads + (2 * kvHeads)) * headDim;
        float[] qkv = data.Floats(Tokens * columns);
        int[] state = [Tokens, start, .. new int[StepState.Ids - 2]];
        var view = device.Upload(qkv);
        var keys = device.Zeros<float>(Tokens * kvHeads * headDim);
        var values = device.Zeros<float>(Tokens * kvHeads * headDim);
        device.Launch(new KernelConfig(2, 2), new Rope<Float32, float>(
            device.Upload(state), device.Upload(Rotary.Frequencies(headDim, Theta)), view, keys, values, heads, kvHeads, headDim, columns));
        var expected = qkv.Chunk(columns).Select((row, token) => row.Chunk(headDim).Take(heads + kvHeads)
            .Select(head => ReferenceOps.Rope([.. head.Select(v => (double)v)], start + token, Theta)).ToArray()).ToArray();
        float[] turned = [.. device.Download(view).Chunk(columns).SelectMany(row => row.Take(heads * headDim))];
        Closeness.AssertClose([.. expected.SelectMany(row => row.Take(heads)).SelectMany(head => head)], turned, absolute: 1e-6);
        Closeness.AssertClose([.. expected.SelectMany(row => row.Skip(heads)).SelectMany(head => head)], device.Download(keys), absolute: 1e-6);
        Assert.Equal([.. qkv.Chunk(columns).SelectMany(row => row.Skip((heads + kvHeads) * headDim))], device.Download(values));
    }
}

public sealed class ArgMaxTests
{
    public static TheoryData<string> All => TestDevice.All;

    public static TheoryData<string> Grouped => TestDevice.Grouped;

    [Theory]
    [MemberData(nameof(All))]
    public void ArgMaxRow_EqualMaxima_TakesTheFirst(string name) => Check(name, (device, values, result, count) =>
        device.Launch(new KernelConfig(1, 2), new ArgMaxRow(values, result, count)));

    [Theory]
    [MemberData(nameof(Grouped))]
    public void ArgMaxGroup_EqualMaxima_TakesTheFirst(string name) => Check(name, (device, values, result, count) =>
        device.Launch(new KernelConfig(1, 64), new ArgMaxGroup(values, result, count)));

    private static void Check(string name, Action<Device, ArrayView<float>, ArrayView<int>, int> launch)
    {
        var device = TestDevice.Get(name);
        var data = new RandomData();
        foreach (int count in new[] { 1, 2, 63, 64, 65, 1000 })
        {
            // Few distinct values, so that the largest comes more than once; all of them negative.
            float[] values = [.. data.Floats(count).Select(v => MathF.Round(v * 3) - 9)];
            var result = device.Zeros<int>(1);
            launch(device, device.Upload(values), result, count);
            Assert.Equal(ReferenceOps.ArgMax([.. values.Select(v => (double)v)]), device.Download(result)[0]);
        }
    }
}

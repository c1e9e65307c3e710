using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Reference;
using Xunit;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>One token at a time through the fused kernel: against float64, and bit for bit against the kernels it fuses.</summary>
public sealed class DecodeAttendTests
{
    private const double Theta = 10000;

    public static TheoryData<string> All => TestDevice.All;

    [Theory]
    [MemberData(nameof(All))]
    public void DecodeAttend_PastTheWindow_EqualsReferenceAndTheSeparateKernels(string name)
    {
        var device = TestDevice.Get(name);
        foreach (var (window, kvHeads, group, headDim) in new[] { (1, 1, 1, 8), (5, 2, 4, 32), (7, 1, 3, 64) })
        {
            Check<Float32, float>(device, window, kvHeads, group, headDim, againstReference: true);
            Check<Float16, ushort>(device, window, kvHeads, group, headDim, againstReference: false);
            Check<BFloat16, ushort>(device, window, kvHeads, group, headDim, againstReference: false);
        }
    }

    private static void Check<TCache, TElement>(Device device, int window, int kvHeads, int group, int headDim, bool againstReference)
        where TCache : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var data = new RandomData();
        int heads = kvHeads * group;
        int width = kvHeads * headDim;
        int columns = (heads * headDim) + (2 * width);
        var frequencies = device.Upload(Rotary.Frequencies(headDim, Theta));
        var fused = new Buffers<TElement>(device, window, width);
        var separate = new Buffers<TElement>(device, window, width);
        List<double[]>[] keys = [.. Enumerable.Range(0, kvHeads).Select(_ => new List<double[]>())];
        List<double[]>[] values = [.. Enumerable.Range(0, kvHeads).Select(_ => new List<double[]>())];
        for (int position = 0; position < (2 * window) + 3; position++)
        {
            float[] qkv = data.Floats(columns);
            var state = device.Upload((int[])[1, position, .. new int[StepState.Ids - 2]]);
            var input = fused.Input(device, state, qkv, heads, kvHeads, headDim, window);
            device.Launch(new KernelConfig(1, 2), new DecodeAttend<TCache, TElement>(input, frequencies));
            float[] actual = device.Download(input.Output);

            var other = separate.Input(device, state, qkv, heads, kvHeads, headDim, window);
            device.Launch(new KernelConfig(1, 2), new Rope<TCache, TElement>(
                state, frequencies, other.Qkv, other.FreshKeys, other.FreshValues, heads, kvHeads, headDim, columns));
            device.Launch(new KernelConfig(1, 2), new AttendRow<TCache, TElement>(other));
            device.Launch(new KernelConfig(1, 2), new StoreKv<TElement>(
                state, other.FreshKeys, other.FreshValues, other.Keys, other.Values, width, window));
            Assert.Equal(device.Download(other.Output), actual);
            Assert.Equal(device.Download(other.Keys), device.Download(input.Keys));

            double[][] rows = [.. qkv.Select(v => (double)v).Chunk(headDim)];
            for (int head = 0; head < kvHeads; head++)
            {
                keys[head].Add(ReferenceOps.Rope(rows[heads + head], position, Theta));
                values[head].Add(rows[heads + kvHeads + head]);
            }

            if (againstReference)
            {
                double[] expected =
                [
                    .. Enumerable.Range(0, heads).SelectMany(head => ReferenceOps.Attend(
                        ReferenceOps.Rope(rows[head], position, Theta), keys[head / group], values[head / group], window)),
                ];
                Closeness.AssertClose(expected, actual, absolute: 2e-6, relative: 2e-5);
            }
        }
    }

    private sealed class Buffers<TElement>(Device device, int window, int width)
        where TElement : unmanaged
    {
        private readonly ArrayView<TElement> _keys = device.Zeros<TElement>(window * width);
        private readonly ArrayView<TElement> _values = device.Zeros<TElement>(window * width);
        private readonly ArrayView<TElement> _freshKeys = device.Zeros<TElement>(width);
        private readonly ArrayView<TElement> _freshValues = device.Zeros<TElement>(width);

        public AttentionInput<TElement> Input(Device device, ArrayView<int> state, float[] qkv, int heads, int kvHeads, int headDim, int window) => new(
            state, device.Upload(qkv), _freshKeys, _freshValues, _keys, _values, device.Zeros<float>(heads * headDim),
            heads, kvHeads, headDim, window, qkv.Length, heads * headDim, 1 / MathF.Sqrt(headDim));
    }
}

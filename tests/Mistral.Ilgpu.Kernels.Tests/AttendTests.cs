using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Reference;
using Xunit;
using Device = Mistral.Ilgpu.Execution.Device;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Attention and cache rotation together: a text goes through the ring in chunks, each row against float64.</summary>
public sealed class AttendTests
{
    public static TheoryData<string> All => TestDevice.All;

    public static TheoryData<string> Grouped => TestDevice.Grouped;

    [Theory]
    [MemberData(nameof(All))]
    public void AttendRow_ChunksOverRing_EqualsReference(string name) => CheckShapes(TestDevice.Get(name), grouped: false);

    [Theory]
    [MemberData(nameof(Grouped))]
    public void AttendGroup_ChunksOverRing_EqualsReference(string name) => CheckShapes(TestDevice.Get(name), grouped: true);

    private static void CheckShapes(Device device, bool grouped)
    {
        // window, kvHeads, queries per kv head, headDim, length: windows of one, smaller and larger than the text, odd ones.
        foreach (var (window, kvHeads, group, headDim, length) in new[]
        {
            (1, 1, 1, 8, 5), (4, 1, 4, 16, 4), (5, 2, 2, 32, 13), (7, 2, 4, 64, 20), (50, 1, 2, 32, 12), (9, 3, 1, 128, 30), (70, 1, 1, 256, 80),
        })
        {
            var shape = new Shape(window, kvHeads, group, headDim, length);
            Check<Float32, float>(device, shape, grouped);
            Check<BFloat16, ushort>(device, shape, grouped);
            Check<Float16, ushort>(device, shape, grouped);
        }
    }

    private static void Check<TCache, TElement>(Device device, Shape s, bool grouped)
        where TCache : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        var data = new RandomData();
        int heads = s.KvHeads * s.Group;
        int width = s.KvHeads * s.HeadDim;
        float[][] queries = [.. Enumerable.Range(0, s.Length).Select(_ => data.Floats(heads * s.HeadDim, 2))];
        TElement[][] keys = [.. Enumerable.Range(0, s.Length).Select(_ => data.Floats(width, 2).Select(TCache.Encode).ToArray())];
        TElement[][] values = [.. Enumerable.Range(0, s.Length).Select(_ => data.Floats(width).Select(TCache.Encode).ToArray())];
        var ringKeys = device.Zeros<TElement>(s.Window * width);
        var ringValues = device.Zeros<TElement>(s.Window * width);
        for (int start = 0; start < s.Length;)
        {
            int tokens = Math.Min(data.Next(1, s.Window + 4), s.Length - start);
            var range = start..(start + tokens);
            var freshKeys = device.Upload(keys[range].SelectMany(k => k).ToArray());
            var freshValues = device.Upload(values[range].SelectMany(v => v).ToArray());
            var state = new int[StepState.Ids];
            (state[StepState.TokenCount], state[StepState.StartPosition]) = (tokens, start);
            var stateView = device.Upload(state);
            var output = device.Zeros<float>(tokens * heads * s.HeadDim);
            var input = new AttentionInput<TElement>(
                stateView, device.Upload(queries[range].SelectMany(q => q).ToArray()), freshKeys, freshValues, ringKeys, ringValues, output,
                heads, s.KvHeads, s.HeadDim, s.Window, heads * s.HeadDim, heads * s.HeadDim, 1 / MathF.Sqrt(s.HeadDim));
            if (grouped)
            {
                device.Launch(
                    new KernelConfig(new Index3D(heads, tokens, 1), new Index3D(16, 1, 1)), new AttendGroup<TCache, TElement>(input));
            }
            else
            {
                device.Launch(new KernelConfig(2, 2), new AttendRow<TCache, TElement>(input));
            }

            device.Launch(
                new KernelConfig(2, 2), new StoreKv<TElement>(stateView, freshKeys, freshValues, ringKeys, ringValues, width, s.Window));
            float[] actual = device.Download(output);
            for (int token = 0; token < tokens; token++)
            {
                for (int head = 0; head < heads; head++)
                {
                    int at = ((token * heads) + head) * s.HeadDim;
                    double[] expected = Expected<TCache, TElement>(s, queries[start + token], keys, values, start + token, head);
                    Closeness.AssertClose(expected, actual[at..(at + s.HeadDim)], absolute: 2e-6, relative: 2e-5);
                }
            }

            start += tokens;
        }
    }

    private static double[] Expected<TCache, TElement>(Shape s, float[] query, TElement[][] keys, TElement[][] values, int position, int head)
        where TCache : struct, IWeightFormat<TElement>
        where TElement : unmanaged
    {
        int from = head / s.Group * s.HeadDim;
        double[] Slice(TElement[] row) => [.. row.Skip(from).Take(s.HeadDim).Select(bits => (double)TCache.Decode(bits))];
        return ReferenceOps.Attend(
            [.. query.Skip(head * s.HeadDim).Take(s.HeadDim).Select(v => (double)v)],
            [.. keys.Take(position + 1).Select(Slice)],
            [.. values.Take(position + 1).Select(Slice)],
            s.Window);
    }

    private sealed record Shape(int Window, int KvHeads, int Group, int HeadDim, int Length);
}

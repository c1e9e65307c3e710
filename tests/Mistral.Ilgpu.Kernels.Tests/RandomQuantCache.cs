using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Reference;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Rings of eight bits of random numbers, one page to a text and a kv head, and decoded tokens that attend over
/// them.</summary>
internal sealed class RandomQuantCache(ComputeDevice device, RandomData data, int headDim, int tiles)
{
    private const int Window = 200;
    private const int TilesPerRing = 14;
    private const int SplitTiles = 2;

    private readonly sbyte[] _keys = Bytes(data, tiles * TileLayout.Length * headDim);
    private readonly sbyte[] _values = Bytes(data, tiles * TileLayout.Length * headDim);
    private readonly ushort[] _scales = [.. data.Floats(tiles * TileLayout.Length * (headDim / TileLayout.Run), 0.01f).Select(MathF.Abs).Select(Float16.Encode)];

    /// <summary>The outputs of tokens, one of each text.</summary>
    /// <param name="qkv">Their rows.</param>
    /// <param name="texts">Their texts.</param>
    public float[] Attend(int group, float[] qkv, int[] texts, int[] positions)
    {
        var ints = new int[StepState.Header + (texts.Length * StepState.TokenInts)];
        (ints[StepState.TokenCountAt], ints[StepState.DecodeCountAt]) = (texts.Length, texts.Length);
        for (int token = 0; token < texts.Length; token++)
        {
            int at = StepState.Header + (token * StepState.TokenInts);
            (ints[at + 1], ints[at + 2], ints[at + 3]) = (positions[token], texts[token], -1);
            ints[at + 4] = BitConverter.SingleToInt32Bits(1);
        }

        var (keys, values) = (device.Upload(_keys), device.Upload(_values));
        var (keyScales, valueScales) = (device.Upload(Scales(texts, positions, TileLayout.Length, 1)), device.Upload(Scales(texts, positions, 1, headDim / TileLayout.Run)));
        var ring = new KvTiles<sbyte>(keys, values, keyScales, valueScales);
        var output = device.Zeros<float>((long)texts.Length * group * headDim);
        var input = new AttentionInput<sbyte>(
            new StepState(device.Upload(ints)), device.Upload(qkv), output, ring, ring,
            new PageTable(device.Upload(Enumerable.Range(0, tiles / TilesPerRing).ToArray()), 1, new Divisor(TilesPerRing)), group, 1, new Divisor(headDim),
            Window, (group + 2) * headDim, group * headDim, 1 / MathF.Sqrt(headDim), SplitTiles);
        var cache = new QuantCache(
            keys.LoadEffectiveAddressAsPtr(), values.LoadEffectiveAddressAsPtr(), keyScales.LoadEffectiveAddressAsPtr(),
            valueScales.LoadEffectiveAddressAsPtr());
        var frequencies = device.Upload(Rotary.Frequencies(headDim, 10_000));
        var parts = device.Zeros<float>((long)texts.Length * group * DecodeSplits.Most * (headDim + DecodeSplits.Tail));
        int splits = positions.Max(position => DecodeSplits.Count(position, Window, SplitTiles));
        var shape = new KernelConfig(
            new Index3D(splits, TensorForms.QuantBlocks(group), texts.Length), new Index3D(TensorForms.QuantGroup, 1, 1));
        if (headDim == 64)
        {
            device.Launch(shape, new DecodeAttendQuants<RunPair>(input, cache, frequencies, parts, default));
        }
        else
        {
            device.Launch(shape, new DecodeAttendQuants<TwoRunPairs>(input, cache, frequencies, parts, default));
        }

        return device.Download(output);
    }

    /// <summary>The same of one token in float64, over what is in the cache.</summary>
    /// <param name="round">What becomes of a run of a query.</param>
    public double[] Exact(int group, float[] qkv, int text, int position, Func<double[], double[]> round)
    {
        const int Length = TileLayout.Length;
        int runs = headDim / TileLayout.Run;
        double[][] rows = [.. qkv.Select(value => (double)value).Chunk(headDim)];
        var keys = new List<double[]>();
        var values = new List<double[]>();
        for (int at = 0; at < position; at++)
        {
            int tile = (text * TilesPerRing) + (at / Length);
            int within = at % Length;
            keys.Add([.. Enumerable.Range(0, headDim).Select(d => _keys[(((tile * headDim) + d) * Length) + within]
                * (double)Float16.Decode(_scales[(((tile * runs) + (d / TileLayout.Run)) * Length) + within]))]);
            values.Add([.. Enumerable.Range(0, headDim).Select(d => _values[(((tile * Length) + within) * headDim) + d]
                * (double)Float16.Decode(_scales[(((tile * Length) + within) * runs) + (d / TileLayout.Run)]))]);
        }

        keys.Add(Stored(ReferenceOps.Rope(rows[group], position, 10_000)));
        values.Add(Stored(rows[group + 1]));
        return
        [
            .. rows[..group].SelectMany(head => ReferenceOps.Attend(
                [.. ReferenceOps.Rope(head, position, 10_000).Chunk(TileLayout.Run).SelectMany(round)], keys, values, Window)),
        ];
    }

    // What no token sees is no number.
    private ushort[] Scales(int[] texts, int[] positions, int runStep, int positionStep)
    {
        const ushort NaN = 0x7E00;
        int runs = headDim / TileLayout.Run;
        ushort[] scales = [.. _scales];
        foreach (var (token, text) in texts.Index())
        {
            for (int at = 0; at < TilesPerRing * TileLayout.Length; at++)
            {
                if (at > positions[token] || at <= positions[token] - Window)
                {
                    int first = ((text * TilesPerRing) + (at / TileLayout.Length)) * TileLayout.Length * runs;
                    for (int run = 0; run < runs; run++)
                    {
                        scales[first + (at % TileLayout.Length * positionStep) + (run * runStep)] = NaN;
                    }
                }
            }
        }

        return scales;
    }

    private static double[] Stored(double[] head) =>
    [
        .. head.Chunk(TileLayout.Run).SelectMany(run =>
        {
            double max = run.Max(Math.Abs);
            return run.Select(value => Math.Round(value * 127 / max) * Float16.Decode(Float16.Encode((float)(max / 127))));
        }),
    ];

    private static sbyte[] Bytes(RandomData data, int count) => [.. data.Floats(count, 127).Select(value => (sbyte)value)];
}

using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;

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
        var (keyScales, valueScales) = (device.Upload(_scales), device.Upload(_scales));
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

    private static sbyte[] Bytes(RandomData data, int count) => [.. data.Floats(count, 127).Select(value => (sbyte)value)];
}

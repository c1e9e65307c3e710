using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// Whether decoded tokens attend over caches of eight bits on tensor cores (<see cref="DecodeAttendQuants{THead}"/>), which
/// devices have from sm_80 on. It is tested before it is first used with a size of heads. If the test fails, the simplest form
/// replaces it, and the device stays usable.
/// </summary>
internal sealed class Int8Attention
{
    private const int Group = TensorForms.QuantHeads;

    // Keys of four splits, in each of which a warp has one tile or two. They begin and end in a tile's middle.
    private const int Position = 299;
    private const int Window = 200;
    private const int SplitTiles = 4;
    private const int Tiles = (Position / TileLayout.Length) + 1;
    private const int Seed = 37;

    private readonly ComputeDevice _device;
    private readonly Dictionary<int, bool> _works = [];
    private bool _isOff;

    private Int8Attention(ComputeDevice device) => _device = device;

    /// <summary>Whether a CUDA device's decoded tokens attend so over a cache, if the device passes the test.</summary>
    public static bool IsFor(DeviceInfo device, TensorFormat cache, int headDim) =>
        cache == TensorFormat.Q8_0 && TensorForms.QuantSizes.Any(form => form.Size == headDim)
            && !device.Without.HasFlag(DeviceFeatures.Int8Attention);

    /// <summary>That of a device; null where no driver of CUDA's runs its kernels.</summary>
    public static Int8Attention? Of(ComputeDevice device) =>
        device.Room(static one => one.Accelerator is CudaAccelerator ? new Int8Attention(one) : null);

    /// <summary>Whether to use it for heads of a size.</summary>
    /// <exception cref="DeviceException">The test has made the device unusable.</exception>
    public bool Attends(int headDim)
    {
        if (_isOff)
        {
            return false;
        }

        if (!_works.TryGetValue(headDim, out bool works))
        {
            _works[headDim] = works = Try(headDim);
        }

        return works;
    }

    /// <summary>Stops using it.</summary>
    /// <returns>Whether that changes anything.</returns>
    public bool TurnOff(string reason)
    {
        bool changes = !_isOff && _works.ContainsValue(true);
        _isOff = true;
        if (changes)
        {
            Tell(reason);
        }

        return changes;
    }

    private bool Try(int headDim)
    {
        return FormTest.Passes(
            _device, "attention over eight bits", "int8-attention", (Group * headDim, $"outputs of heads of {headDim}"),
            () => headDim == 64 ? CountWrong<RunPair>(headDim) : CountWrong<TwoRunPairs>(headDim), Tell);
    }

    private void Tell(string reason) =>
        _device.Tell($"attention of decoded tokens over eight bits is without tensor cores: {reason}");

    /// <summary>
    /// Attends for one token and counts the wrong outputs. Each head's query is 16 times one of the keys that it sees, whose
    /// score is so far above all others that it has all the weight. So the output is that key's value, exactly. Keys repeat as
    /// the window ends: a head that sees one too many sees its own key twice.
    /// </summary>
    private int CountWrong<THead>(int headDim)
        where THead : struct, IQuantHead
    {
        var random = new Random(Seed);
        var signs = new int[Window][];
        for (int key = 0; key < Window; key++)
        {
            signs[key] = [.. Enumerable.Range(0, headDim).Select(_ => (2 * random.Next(2)) - 1)];
        }

        sbyte[] keys = new sbyte[Tiles * TileLayout.Length * headDim], values = new sbyte[keys.Length];
        for (int key = 0; key < Tiles * TileLayout.Length; key++)
        {
            var (tile, within) = (key / TileLayout.Length * TileLayout.Length * headDim, key % TileLayout.Length);
            for (int element = 0; element < headDim; element++)
            {
                // None is zero, to which the rest of other splits would be added.
                values[tile + (within * headDim) + element] = (sbyte)(random.Next(1, 128) * ((2 * random.Next(2)) - 1));
                keys[tile + (element * TileLayout.Length) + within] = (sbyte)signs[key % Window][element];
            }
        }

        // The token's own key and value, which are not in the cache yet.
        var qkv = new float[(Group + 2) * headDim];
        var expected = new float[Group * headDim];
        float ownScale = Float16.Decode(Float16.Encode(8 / 127f));
        for (int element = 0; element < headDim; element++)
        {
            qkv[(Group * headDim) + element] = signs[Position % Window][element];
            qkv[((Group + 1) * headDim) + element] = 8 * signs[0][element];
        }

        for (int head = 0; head < Group; head++)
        {
            // The first and the last that it sees, and others.
            int seen = Position - (head == 0 ? 0 : head == 1 ? Window - 1 : random.Next(Window));
            for (int element = 0; element < headDim; element++)
            {
                qkv[(head * headDim) + element] = 16 * signs[seen % Window][element];
                expected[(head * headDim) + element] = seen == Position
                    ? 127 * ownScale * signs[0][element]
                    : values[(seen * headDim) + element];
            }
        }

        float[] found = Attend<THead>(qkv, keys, values, headDim);
        return Enumerable.Range(0, found.Length).Count(i => found[i] != expected[i]);
    }

    private float[] Attend<THead>(float[] qkv, sbyte[] keys, sbyte[] values, int headDim)
        where THead : struct, IQuantHead
    {
        const string Purpose = "the self-test";
        const int One = 0x3F800000;
        var ints = new int[StepState.Header + StepState.TokenInts];
        (ints[StepState.TokenCountAt], ints[StepState.DecodeCountAt]) = (1, 1);
        (ints[StepState.Header + 1], ints[StepState.Header + 3], ints[StepState.Header + 4]) = (Position, -1, One);
        var scales = new ushort[Tiles * TileLayout.Length * headDim / TileLayout.Run];
        Array.Fill(scales, Float16.Encode(1));
        using var state = Uploaded(ints);
        using var input = Uploaded(qkv);
        using var frequencies = Uploaded(new ulong[headDim / 2]);
        using var parts = Uploaded(new float[Group * DecodeSplits.Most * (headDim + DecodeSplits.Tail)]);
        using var output = Uploaded(new float[Group * headDim]);
        using var ringKeys = Uploaded(keys);
        using var ringValues = Uploaded(values);
        using var keyScales = Uploaded(scales);
        using var valueScales = Uploaded(scales);
        var ring = new KvTiles<sbyte>(ringKeys.View, ringValues.View, keyScales.View, valueScales.View);
        // The first int is zero: the one page of the ring is the first.
        var form = new DecodeAttendQuants<THead>(
            new AttentionInput<sbyte>(
                new StepState(state.View), input.View, output.View, ring, ring, new PageTable(state.View, 1, new Divisor(Tiles)),
                Group, 1, new Divisor(headDim), Window, qkv.Length, Group * headDim, 1 / MathF.Sqrt(headDim), SplitTiles),
            new QuantCache(
                ringKeys.View.LoadEffectiveAddressAsPtr(), ringValues.View.LoadEffectiveAddressAsPtr(),
                keyScales.View.LoadEffectiveAddressAsPtr(), valueScales.View.LoadEffectiveAddressAsPtr()),
            frequencies.View, parts.View, default);
        int splits = DecodeSplits.Count(Position, Window, SplitTiles);
        _device.Launch(new KernelConfig(new Index3D(splits, 1, 1), new Index3D(TensorForms.QuantGroup, 1, 1)), form);
        var found = new float[Group * headDim];
        output.View.CopyToCPU(_device.Stream, found);
        _device.Synchronize();
        return found;

        DeviceBuffer<T> Uploaded<T>(T[] data)
            where T : unmanaged
        {
            var buffer = _device.Allocate<T>(data.Length, Purpose);
            buffer.View.CopyFromCPU(_device.Stream, data);
            return buffer;
        }
    }
}

using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Drivers;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// Whether attention of prompts uses warpgroups (<see cref="AttendWarpgroup{TFormat, TOutput}"/>), which only sm_90 has. It is
/// tested before it is first used with a format of caches. If the test fails, <see cref="AttendTensor{THead,TScores,TOutput}"/>
/// replaces it, and the device stays usable.
/// </summary>
internal sealed class WarpgroupAttention
{
    private const int HeadDim = 128;
    private const int Group = 4;
    private const int Tokens = TensorForms.WarpgroupQueries / Group;

    // Keys of three rounds, so that places in shared memory are reused. They begin before the window, and end in a tile's middle.
    private const int First = 300;
    private const int Window = 200;
    private const int Keys = First + Tokens;
    private const int Seed = 31;

    private readonly ComputeDevice _device;
    private readonly Dictionary<Type, bool> _works = [];
    private bool _isOff;
    private bool _hasTold;

    private WarpgroupAttention(ComputeDevice device) => _device = device;

    /// <summary>Whether a device's prompts are cut into tiles for it.</summary>
    public static bool IsFor(DeviceInfo device) =>
        device.CudaArchitecture == PtxTarget.Hopper
            && (device.Without & (DeviceFeatures.Warpgroups | DeviceFeatures.WarpgroupAttention)) == DeviceFeatures.None;

    /// <summary>The warpgroup attention of a device; null if it has none, or it is switched off.</summary>
    public static WarpgroupAttention? Of(ComputeDevice device) => device.Room(For);

    /// <summary>Whether to use warpgroups for heads of a size, with caches in a format.</summary>
    /// <exception cref="DeviceException">The test has made the device unusable.</exception>
    public bool Attends<TFormat>(int headDim)
        where TFormat : struct, ITensorFormat
    {
        // Smaller heads would compute as many sums as the largest.
        if (_isOff || headDim is <= HeadDim / 2 or > HeadDim)
        {
            return false;
        }

        if (!_works.TryGetValue(typeof(TFormat), out bool works))
        {
            _works[typeof(TFormat)] = works = Try<TFormat>();
        }

        return works;
    }

    /// <summary>Stops using warpgroups.</summary>
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

    /// <summary>The shape of its launches.</summary>
    public static KernelConfig Shape(int kvHeads, int queryTiles) => new(
        new Index3D(kvHeads, queryTiles, 1),
        new Index3D(AttendWarpgroup<BFloat16Tensor, FloatOutput>.GroupSize, 1, 1),
        SharedMemoryConfig.RequestDynamic<byte>(AttendWarpgroup<BFloat16Tensor, FloatOutput>.SharedBytes));

    private static WarpgroupAttention? For(ComputeDevice device) =>
        IsFor(device.Info)
            && device.Accelerator is CudaAccelerator cuda
            && cuda.InstructionSet >= CudaInstructionSet.ISA_80
            && CudaSharedMemory.MostBytes(cuda) >= AttendWarpgroup<BFloat16Tensor, FloatOutput>.SharedBytes
            ? new WarpgroupAttention(device)
            : null;

    private bool Try<TFormat>()
        where TFormat : struct, ITensorFormat => FormTest.Passes(
            _device, "attention by warpgroups", "warpgroup-attention",
            (Tokens * Group * HeadDim, $"outputs of {typeof(TFormat).Name}"), CountWrong<TFormat>, Tell);

    // Only the first reason is reported, because later ones follow from it.
    private void Tell(string reason)
    {
        if (!_hasTold)
        {
            _hasTold = true;
            _device.Tell($"attention of prompts is without warpgroups: {reason}");
        }
    }

    /// <summary>
    /// Attends for one tile of queries and counts the wrong outputs. Each query is 16 times one of the keys that it sees, whose
    /// score is so far above all others that it has all the weight. So the output is that key's value, exactly. Keys repeat as
    /// the window ends: a query that sees one too many sees its own key twice.
    /// </summary>
    private int CountWrong<TFormat>()
        where TFormat : struct, ITensorFormat
    {
        const string Purpose = "the self-test";
        const int Stride = (Group + 2) * HeadDim;
        var random = new Random(Seed);
        var signs = new int[Window][];
        for (int key = 0; key < Window; key++)
        {
            signs[key] = [.. Enumerable.Range(0, HeadDim).Select(_ => (2 * random.Next(2)) - 1)];
        }

        const int Tiles = (Keys + TileLayout.Length - 1) / TileLayout.Length;
        ushort[] keys = new ushort[Tiles * TileLayout.Length * HeadDim], values = new ushort[keys.Length];
        int[] numbers = new int[keys.Length];
        for (int key = 0; key < Tiles * TileLayout.Length; key++)
        {
            var (tile, within) = (key / TileLayout.Length * TileLayout.Length * HeadDim, key % TileLayout.Length);
            for (int element = 0; element < HeadDim; element++)
            {
                int at = tile + (within * HeadDim) + element;
                numbers[at] = random.Next(-8, 9);
                values[at] = Encode(numbers[at]);
                keys[tile + (element * TileLayout.Length) + within] = Encode(signs[key % Window][element]);
            }
        }

        var qkv = new float[Tokens * Stride];
        var seen = new int[Tokens * Group];
        for (int query = 0; query < seen.Length; query++)
        {
            // The first and the last that it sees, and others.
            int back = query % Group == 0 ? 0 : query % Group == 1 ? Window - 1 : random.Next(Window);
            seen[query] = First + (query / Group) - back;
            for (int element = 0; element < HeadDim; element++)
            {
                qkv[(query / Group * Stride) + (query % Group * HeadDim) + element] = 16 * signs[seen[query] % Window][element];
            }
        }

        float[] found = Attend<TFormat>(qkv, keys, values, Stride, Purpose);
        return Enumerable.Range(0, found.Length).Count(
            i => found[i] != numbers[(seen[i / HeadDim] * HeadDim) + (i % HeadDim)]);

        static ushort Encode(int value) =>
            typeof(TFormat) == typeof(BFloat16Tensor) ? BFloat16.Encode(value) : Float16.Encode(value);
    }

    private float[] Attend<TFormat>(float[] qkv, ushort[] keys, ushort[] values, int stride, string purpose)
        where TFormat : struct, ITensorFormat
    {
        var header = new int[StepState.Header + StepState.QueryTileInts];
        (header[StepState.QueryTileCountAt], header[StepState.QueryTilesAt]) = (1, StepState.Header);
        (header[StepState.Header + 1], header[StepState.Header + 2]) = (Tokens, First);
        using var state = _device.Allocate<int>(header.Length, purpose);
        using var input = _device.Allocate<float>(qkv.Length, purpose);
        using var output = _device.Allocate<float>(Tokens * Group * HeadDim, purpose);
        using var freshKeys = _device.Allocate<ushort>(keys.Length, purpose);
        using var freshValues = _device.Allocate<ushort>(values.Length, purpose);
        state.View.CopyFromCPU(_device.Stream, header);
        input.View.CopyFromCPU(_device.Stream, qkv);
        freshKeys.View.CopyFromCPU(_device.Stream, keys);
        freshValues.View.CopyFromCPU(_device.Stream, values);
        var fresh = new KvTiles<ushort>(freshKeys.View, freshValues.View, default, default);
        long keysAt = freshKeys.View.LoadEffectiveAddressAsPtr(), valuesAt = freshValues.View.LoadEffectiveAddressAsPtr();
        _device.Launch(
            Shape(1, 1),
            new AttendWarpgroup<TFormat, FloatOutput>(
                new AttentionInput<ushort>(
                    new StepState(state.View), input.View, output.View, fresh, fresh,
                    new PageTable(state.View, 1, new Divisor(1)), Group, 1, new Divisor(HeadDim), Window, stride, Group * HeadDim,
                    1 / MathF.Sqrt(HeadDim)),
                new TensorCache(keysAt, valuesAt, keysAt, valuesAt)));
        var found = new float[Tokens * Group * HeadDim];
        output.View.CopyToCPU(_device.Stream, found);
        _device.Synchronize();
        return found;
    }
}

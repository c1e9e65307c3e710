using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Drivers;
using Tile = Mistral.Ilgpu.Kernels.Products.Cuda.MatMulWarpgroup<
    Mistral.Ilgpu.Kernels.Hardware.Cuda.BFloat16Tensor, Mistral.Ilgpu.Kernels.Products.Cuda.ElementTiles,
    Mistral.Ilgpu.Kernels.Products.Assign>;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// Whether products of prompts use warpgroups (<see cref="MatMulWarpgroup{TTensor, TWeights, TEpilogue}"/>), which only sm_90
/// has.
/// They are tested before they are first used in a format. If the test fails, another form replaces them, and the device stays
/// usable.
/// </summary>
internal sealed class WarpgroupProducts
{
    // One whole tile.
    private const int Rows = TileMemory.Rows;
    private const int Tokens = Tile.TokensPerGroup;

    // Five stages, so that the first stage's place in shared memory is reused.
    private const int Columns = 320;
    private const int Seed = 29;

    private readonly ComputeDevice _device;
    private readonly Dictionary<Type, bool> _works = [];
    private bool _isOff;
    private bool _hasTold;

    private WarpgroupProducts(ComputeDevice device) => _device = device;

    /// <summary>The warpgroup products of a device; null if it has none, or they are switched off.</summary>
    public static WarpgroupProducts? Of(ComputeDevice device) => device.Room(For);

    /// <summary>Whether to use warpgroups for factors in a format.</summary>
    /// <exception cref="DeviceException">The test has made the device unusable.</exception>
    public bool Multiply<TTensor>()
        where TTensor : struct, ITensorFormat
    {
        if (_isOff)
        {
            return false;
        }

        if (!_works.TryGetValue(typeof(TTensor), out bool works))
        {
            _works[typeof(TTensor)] = works = Try<TTensor>();
        }

        return works;
    }

    /// <summary>Stops using warpgroups.</summary>
    /// <returns>Whether that changes anything.</returns>
    public bool TurnOff(string reason)
    {
        bool changes = !_isOff && _works.ContainsValue(true);
        _isOff = true;
        Tell(reason);
        return changes;
    }

    /// <summary>The shape of their launches.</summary>
    /// <param name="rows">Rows of the output: for a gated product half of its weights' rows.</param>
    public static KernelConfig Shape(int tokens, int rows, bool isGated) => new(
        new Index3D(LaunchShape.Groups(tokens, Tile.TokensPerGroup), LaunchShape.Groups(rows, TileRows.PerTile(isGated)), 1),
        new Index3D(Tile.GroupSize, 1, 1),
        SharedMemoryConfig.RequestDynamic<byte>(WarpgroupMemory.Bytes));

    private static WarpgroupProducts? For(ComputeDevice device) =>
        device.Info.CudaArchitecture == PtxTarget.Hopper
            && device.Accelerator is CudaAccelerator cuda
            && cuda.InstructionSet >= CudaInstructionSet.ISA_80
            && !device.Info.Without.HasFlag(DeviceFeatures.Warpgroups)
            && CudaSharedMemory.MostBytes(cuda) >= WarpgroupMemory.Bytes
            ? new WarpgroupProducts(device)
            : null;

    private bool Try<TTensor>()
        where TTensor : struct, ITensorFormat
    {
        try
        {
            int wrong = CountWrong<TTensor>();
            if (wrong > 0)
            {
                Tell($"{wrong:N0} of {Rows * Tokens:N0} sums of {typeof(TTensor).Name} are wrong");
            }

            return wrong == 0;
        }
        catch (Exception exception)
        {
            string reason = exception.Message.ReplaceLineEndings(" ");
            RequireUsable(reason);
            Tell(reason);
            return false;
        }
    }

    // Only the first reason is reported, because later ones follow from it.
    private void Tell(string reason)
    {
        if (!_hasTold)
        {
            _hasTold = true;
            _device.Tell($"prompts are multiplied without warpgroups: {reason}");
        }
    }

    // A fault in a kernel makes the context unusable for all later calls.
    private void RequireUsable(string reason)
    {
        try
        {
            _device.Synchronize();
        }
        catch (CudaException)
        {
            throw new DeviceException(
                $"device {_device.Info.Id} ({_device.Info.Name}) failed in products by warpgroups: {reason}; "
                + "opened without warpgroups, the device can be used");
        }
    }

    /// <summary>Multiplies a tile of integers, whose sums are exact in any order, and counts the wrong results.</summary>
    private int CountWrong<TTensor>()
        where TTensor : struct, ITensorFormat
    {
        const string Purpose = "the self-test";
        var random = new Random(Seed);
        int[] w = Numbers(Rows), x = Numbers(Tokens);
        using var state = _device.Allocate<int>(StepState.Header, Purpose);
        using var weights = _device.Allocate<ushort>(w.Length, Purpose);
        using var input = _device.Allocate<ushort>(x.Length, Purpose);
        using var output = _device.Allocate<float>(Tokens * Rows, Purpose);
        var header = new int[StepState.Header];
        header[StepState.TokenCountAt] = Tokens;
        state.View.CopyFromCPU(_device.Stream, header);
        weights.View.CopyFromCPU(_device.Stream, Encode(w));
        input.View.CopyFromCPU(_device.Stream, Encode(x));
        _device.Launch(
            Shape(Tokens, Rows, isGated: false),
            new MatMulWarpgroup<TTensor, ElementTiles, Assign>(
                new StepState(state.View), new ElementTiles(weights.View, Columns), input.View, output.View, Rows, Columns, Rows,
                RowRange.Tokens));
        var found = new float[Tokens * Rows];
        output.View.CopyToCPU(_device.Stream, found);
        _device.Synchronize();
        return Enumerable.Range(0, found.Length).Count(
            i => found[i] != Dot(w.AsSpan(i % Rows * Columns, Columns), x.AsSpan(i / Rows * Columns, Columns)));

        int[] Numbers(int rows) => [.. Enumerable.Range(0, rows * Columns).Select(_ => random.Next(-8, 9))];

        static ushort[] Encode(int[] values) => [.. values.Select(
            value => typeof(TTensor) == typeof(BFloat16Tensor) ? BFloat16.Encode(value) : Float16.Encode(value))];
    }

    private static int Dot(ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        int sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}

using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Drivers;
using BulkTile = Mistral.Ilgpu.Kernels.Products.Cuda.MatMulBulk<
    Mistral.Ilgpu.Kernels.Hardware.Cuda.BFloat16Tensor, Mistral.Ilgpu.Kernels.Products.Assign>;
using Tile = Mistral.Ilgpu.Kernels.Products.Cuda.MatMulWarpgroup<
    Mistral.Ilgpu.Kernels.Hardware.Cuda.BFloat16Tensor, Mistral.Ilgpu.Kernels.Products.Cuda.ElementTiles,
    Mistral.Ilgpu.Kernels.Products.Assign>;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// Whether products of prompts use warpgroups (<see cref="MatMulWarpgroup{TTensor, TWeights, TEpilogue}"/>), which only sm_90
/// has. They are tested before they are first used in a format. If the test fails, another form replaces them, and the device
/// stays usable.
/// </summary>
internal sealed partial class WarpgroupProducts
{
    // Tokens that a bulk copy brings.
    private const int TokensOfCopy = Tokens / GroupPair.Groups;

    private readonly ComputeDevice _device;
    private readonly Dictionary<(Type Format, bool IsBulk), bool> _works = [];
    private bool _isOff;
    private bool _hasTold;
    private bool _hasToldOfBulk;

    private WarpgroupProducts(ComputeDevice device) => _device = device;

    /// <summary>The warpgroup products of a device; null if it has none, or they are switched off.</summary>
    public static WarpgroupProducts? Of(ComputeDevice device) => device.Room(For);

    /// <summary>Whether to use warpgroups for factors in a format.</summary>
    /// <exception cref="DeviceException">The test has made the device unusable.</exception>
    public bool Multiply<TTensor>()
        where TTensor : struct, ITensorFormat => Multiplies<TTensor>(isBulk: false);

    /// <summary>Whether to bring 16-bit weights by bulk copies too, see <see cref="MatMulBulk{TTensor, TEpilogue}"/>.</summary>
    /// <exception cref="DeviceException">The test has made the device unusable.</exception>
    public bool MultiplyInBulk<TTensor>()
        where TTensor : struct, ITensorFormat =>
        CanCopyInBulk(BulkMemory.Bytes) && Multiplies<TTensor>(isBulk: true);

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

    /// <summary>The shape of launches with bulk copies: a group for each multiprocessor, if there are as many tiles.</summary>
    public KernelConfig BulkShape(int tokens, int rows, bool isGated) => BulkShape(Pairs(tokens, rows, isGated));

    internal static KernelConfig BulkShape(int pairs) => new(
        new Index3D(pairs * GroupPair.Groups, 1, 1), new Index3D(BulkTile.GroupSize, 1, 1),
        SharedMemoryConfig.RequestDynamic<byte>(BulkMemory.Bytes));

    /// <summary>A kernel with bulk copies; null if the driver refuses to describe a matrix. Then another form gives the same
    /// bits.</summary>
    /// <param name="weightRows">All rows of the weights.</param>
    /// <param name="made">Rows of the output.</param>
    public MatMulBulk<TTensor, TEpilogue>? TryBulk<TTensor, TEpilogue>(
        StepState state, ElementTiles weights, int weightRows, ArrayView<ushort> input, int inputStride, ArrayView<float> output,
        int made, int outputStride, RowRange range)
        where TTensor : struct, ITensorFormat
        where TEpilogue : struct, IEpilogue => Described(() => Bulk<TTensor, TEpilogue>(
            state, weights, weightRows, input, inputStride, output, made, outputStride, range));

    private int Pairs(int tokens, int rows, bool isGated) => Math.Min(
        Math.Max(_device.Info.ComputeUnits / GroupPair.Groups, 1),
        LaunchShape.Groups(tokens, BulkTile.TokensPerGroup) * LaunchShape.Groups(rows, TileRows.PerPair(isGated)));

    private bool CanCopyInBulk(int sharedBytes) =>
        ((CudaAccelerator)_device.Accelerator).InstructionSet >= CudaInstructionSet.ISA_83
            && !_device.Info.Without.HasFlag(DeviceFeatures.BulkCopies)
            && CudaSharedMemory.MostBytes((CudaAccelerator)_device.Accelerator) >= sharedBytes;

    private TKernel? Described<TKernel>(Func<TKernel> describe)
        where TKernel : struct
    {
        try
        {
            return describe();
        }
        catch (Exception exception) when (ComputeDevice.IsFault(exception))
        {
            Tell(exception.Message.ReplaceLineEndings(" "), isBulk: true);
            return null;
        }
    }

    internal MatMulBulk<TTensor, TEpilogue> Bulk<TTensor, TEpilogue>(
        StepState state, ElementTiles weights, int weightRows, ArrayView<ushort> input, int inputStride, ArrayView<float> output,
        int made, int outputStride, RowRange range)
        where TTensor : struct, ITensorFormat
        where TEpilogue : struct, IEpilogue
    {
        var maps = TensorMaps.Of(_device);
        return new MatMulBulk<TTensor, TEpilogue>(
            state, maps.Find(weights.Weights, weightRows, weights.Stride, TileRows.RowsOfCopy),
            maps.Find(input, input.Length / inputStride, inputStride, TokensOfCopy), output, made, weights.Columns,
            outputStride, range);
    }

    private static WarpgroupProducts? For(ComputeDevice device) =>
        device.Info.CudaArchitecture == PtxTarget.Hopper
            && device.Accelerator is CudaAccelerator cuda
            && cuda.InstructionSet >= CudaInstructionSet.ISA_80
            && !device.Info.Without.HasFlag(DeviceFeatures.Warpgroups)
            && CudaSharedMemory.MostBytes(cuda) >= WarpgroupMemory.Bytes
            ? new WarpgroupProducts(device)
            : null;

    private bool Multiplies<TTensor>(bool isBulk)
        where TTensor : struct, ITensorFormat => Works((typeof(TTensor), isBulk), () => Try<TTensor>(isBulk));

    private bool Works((Type Format, bool IsBulk) key, Func<bool> test)
    {
        if (_isOff)
        {
            return false;
        }

        if (!_works.TryGetValue(key, out bool works))
        {
            _works[key] = works = test();
        }

        return works;
    }

    // Only the first reason is reported, because later ones follow from it.
    private void Tell(string reason, bool isBulk = false)
    {
        if (isBulk ? !_hasToldOfBulk : !_hasTold)
        {
            (_hasTold, _hasToldOfBulk) = (_hasTold || !isBulk, true);
            _device.Tell($"prompts are multiplied without {(isBulk ? "bulk copies" : "warpgroups")}: {reason}");
        }
    }
}

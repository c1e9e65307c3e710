using ILGPU;
using ILGPU.Runtime;
using BlockTile = Mistral.Ilgpu.Kernels.Products.Cuda.MatMulBulkBlocks<
    Mistral.Ilgpu.Kernels.Formats.Q8_0, Mistral.Ilgpu.Kernels.Products.Assign>;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Those of weights in blocks that come by bulk copies, see
/// <see cref="MatMulBulkBlocks{TFormat, TEpilogue}"/>.</summary>
internal sealed partial class WarpgroupProducts
{
    /// <summary>A kernel for weights in blocks; null if there is none for them. Then another form gives the same bits.</summary>
    /// <param name="weightRows">All rows of the weights.</param>
    /// <param name="made">Rows of the output.</param>
    /// <exception cref="DeviceException">The test has made the device unusable.</exception>
    public MatMulBulkBlocks<TFormat, TEpilogue>? TryBlocks<TFormat, TEpilogue>(
        StepState state, BlockWeights weights, int weightRows, ArrayView<ushort> input, int inputStride, ArrayView<float> output,
        int made, int outputStride, RowRange range)
        where TFormat : struct, IPackedFormat
        where TEpilogue : struct, IEpilogue =>
        HaveWholePieces<TFormat>(weights) && MultiplyBlocks()
            ? Described(() => Blocks<TFormat, TEpilogue>(
                state, weights, weightRows, input, inputStride, output, made, outputStride, range))
            : null;

    /// <summary>Whether there are products of weights in blocks that come by bulk copies.</summary>
    /// <exception cref="DeviceException">The test has made the device unusable.</exception>
    internal bool MultiplyBlocks() =>
        CanCopyInBulk(LineMemory.Bytes) && Works((typeof(BlockWeights), true), TryBlocks);

    /// <summary>The shape of their launches.</summary>
    public KernelConfig BlockShape(int tokens, int rows, bool isGated) => BlockShape(Pairs(tokens, rows, isGated));

    internal static KernelConfig BlockShape(int pairs) => new(
        new Index3D(pairs * GroupPair.Groups, 1, 1), new Index3D(BlockTile.GroupSize, 1, 1),
        SharedMemoryConfig.RequestDynamic<byte>(LineMemory.Bytes));

    internal MatMulBulkBlocks<TFormat, TEpilogue> Blocks<TFormat, TEpilogue>(
        StepState state, BlockWeights weights, int weightRows, ArrayView<ushort> input, int inputStride, ArrayView<float> output,
        int made, int outputStride, RowRange range)
        where TFormat : struct, IPackedFormat
        where TEpilogue : struct, IEpilogue
    {
        var maps = TensorMaps.Of(_device);
        return new MatMulBulkBlocks<TFormat, TEpilogue>(
            state, weights,
            maps.Find(
                weights.Quants.Cast<ushort>(), weightRows, BytesOfRow<TFormat>(weights) / sizeof(ushort), TileRows.RowsOfCopy),
            maps.Find(input, input.Length / inputStride, inputStride, TokensOfCopy), output, made, outputStride, range);
    }

    // Bulk copies take rows that begin at multiples of 16 bytes.
    private static bool HaveWholePieces<TFormat>(BlockWeights weights)
        where TFormat : struct, IPackedFormat =>
        BytesOfRow<TFormat>(weights) % TileMemory.PieceBytes == 0
            && weights.Quants.LoadEffectiveAddressAsPtr() % TileMemory.PieceBytes == 0;

    private static int BytesOfRow<TFormat>(BlockWeights weights)
        where TFormat : struct, IPackedFormat => weights.Columns / TFormat.BlockLength * TFormat.QuantBytes;
}

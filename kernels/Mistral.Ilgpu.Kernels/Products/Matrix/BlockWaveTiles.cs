using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Matrix;

/// <summary>
/// Weights in blocks, converted to halves on their way as <see cref="BlockTiles{TFormat}"/> does. An item takes one run of one
/// row.
/// </summary>
public readonly record struct BlockWaveTiles<TFormat>(BlockWeights Weights) : IWaveTiles
    where TFormat : struct, IPackedFormat
{
    static bool IWaveTiles.AreConverted => true;

    public float Scale => 1 / BlockTiles<TFormat>.Larger;

    public int Columns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Weights.Columns;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TilePart Fetch(int item, TileRows rows, int column) =>
        new BlockTiles<TFormat>(Weights).Fetch(item, rows, column, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(in TilePart part, int item, ArrayView<Pack> memory, int stage, int column)
    {
        const float Larger = BlockTiles<TFormat>.Larger;
        int run = new BlockTiles<TFormat>(Weights).Run(column) & (BlockTiles<TFormat>.RunsInBlock - 1);
        bool areUnsigned = !Wave.IsForCuda() && !TFormat.IsUneven && TFormat.QuantBytes < TFormat.BlockLength;
        var quants = areUnsigned ? TFormat.Unsigned(part.Words, run) : Unsigned(TFormat.Quants(part.Words, run));
        int bias = areUnsigned ? TFormat.Bias : 128;
        var scale = TFormat.ScaleOf(part.Scale, run);
        float low = scale.Low * Larger, high = scale.High * Larger;
        float lowOffset = Less(scale.LowOffset * Larger, bias, low), highOffset = Less(scale.HighOffset * Larger, bias, high);
        Pieces.Store(ref memory[stage + MatrixTile.At(item, 0)], Halves(quants.Low.A, quants.Low.B, low, lowOffset));
        Pieces.Store(ref memory[stage + MatrixTile.At(item, 1)], Halves(quants.Low.C, quants.Low.D, low, lowOffset));
        Pieces.Store(ref memory[stage + MatrixTile.At(item, 2)], Halves(quants.High.A, quants.High.B, high, highOffset));
        Pieces.Store(ref memory[stage + MatrixTile.At(item, 3)], Halves(quants.High.C, quants.High.D, high, highOffset));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static RunQuants Unsigned(RunQuants quants) => new() { Low = Unsigned(quants.Low), High = Unsigned(quants.High) };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pack Unsigned(Pack bytes) => new()
    {
        A = bytes.A ^ PackedBytes.Tops, B = bytes.B ^ PackedBytes.Tops,
        C = bytes.C ^ PackedBytes.Tops, D = bytes.D ^ PackedBytes.Tops,
    };

    // The offset of unsigned bytes that are a bias more. The product is exact, so without an offset a quant of zero is a weight
    // of zero.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Less(float offset, int bias, float scale) => Fused.MultiplyAdd(-bias, scale, offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pack Halves(uint first, uint second, float scale, float offset) => new()
    {
        A = HalfPairs.OfBytes(first, 0, scale, offset), B = HalfPairs.OfBytes(first, 2, scale, offset),
        C = HalfPairs.OfBytes(second, 0, scale, offset), D = HalfPairs.OfBytes(second, 2, scale, offset),
    };
}

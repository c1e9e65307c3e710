using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Matrix;

/// <summary>16-bit weights: rows × stride. An item brings a piece of each of four rows.</summary>
public readonly record struct ElementWaveTiles(ArrayView<ushort> Weights, int Stride) : IWaveTiles
{
    public static bool AreConverted => false;

    public float Scale => 1;

    public int Columns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Stride;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TilePart Fetch(int item, TileRows rows, int column)
    {
        int row = item >> 2;
        return TileColumns.Fetch(
            Weights, Stride, column + ((item & 3) * MatrixTile.PieceLength),
            rows.Source(row), rows.Source(row + 32), rows.Source(row + 64), rows.Source(row + 96));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(in TilePart part, int item, ArrayView<Pack> memory, int stage, int column) =>
        TileColumns.Put(part, true, item, memory, stage);
}

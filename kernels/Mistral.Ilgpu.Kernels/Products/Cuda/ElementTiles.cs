using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>16-bit weights: rows × stride, copied while the group computes. A thread copies a piece of each of four
/// rows.</summary>
public readonly record struct ElementTiles(ArrayView<ushort> Weights, int Stride) : ITileWeights
{
    public static bool AreCopied => true;

    public float Scale => 1;

    public int Columns
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Stride;
    }

    public long Address
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TileMemory.AddressOf(Weights);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TilePart Fetch(int thread, TileRows rows, int column, int half) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put<TLayout>(in TilePart part, int thread, uint tile, TileRows rows, int column, int half, long address)
        where TLayout : struct, ITileLayout
    {
        int together = TileMemory.GroupSize >> TLayout.PieceBits;
        int piece = thread & ((1 << TLayout.PieceBits) - 1);
        int row = (thread >> TLayout.PieceBits) + (half * 4 * together);
        bool exists = column + (piece * 8) < Stride;
        int bytes = exists ? TileMemory.PieceBytes : 0;
        long from = address + (exists ? (column * sizeof(ushort)) + (piece * TileMemory.PieceBytes) : 0);
        long pitch = (long)Stride * sizeof(ushort);
        uint to = tile + TLayout.At(row, piece);
        TileMemory.Copy(to, from + (rows.Source(row) * pitch), bytes);
        TileMemory.Copy(to + TileMemory.CopyBytes, from + (rows.Source(row + together) * pitch), bytes);
        TileMemory.Copy(to + (2 * TileMemory.CopyBytes), from + (rows.Source(row + (2 * together)) * pitch), bytes);
        TileMemory.Copy(to + (3 * TileMemory.CopyBytes), from + (rows.Source(row + (3 * together)) * pitch), bytes);
    }
}

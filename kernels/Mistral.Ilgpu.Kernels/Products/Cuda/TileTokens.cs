using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>Activations in 16 bits, tokens × <paramref name="Stride"/>, that come to shared memory in tiles by 128
/// threads.</summary>
/// <param name="Address">Where they are in global memory.</param>
/// <param name="Stride">Numbers from a token to the next.</param>
/// <param name="Last">The pass's last token, which is taken in place of those past it.</param>
internal readonly record struct TileTokens(long Address, int Stride, int Last)
{
    /// <summary>Begins to copy a row of the tile for each of 128 tokens, or for each of 64 where rows are 128 bytes long; columns
    /// that do not exist are zeros.</summary>
    /// <param name="thread">Of the 128.</param>
    /// <param name="tile">Where the row of the first of them lies.</param>
    /// <param name="first">The first of them.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put<TLayout>(int thread, uint tile, int first, int column)
        where TLayout : struct, ITileLayout
    {
        int together = TileMemory.GroupSize >> TLayout.PieceBits;
        int piece = thread & ((1 << TLayout.PieceBits) - 1);
        int bytes = column + (piece * 8) < Stride ? TileMemory.PieceBytes : 0;
        long from = Address + (((long)column * sizeof(ushort)) + (piece * TileMemory.PieceBytes));
        from = bytes == 0 ? Address : from;
        int token = thread >> TLayout.PieceBits;
        uint to = tile + TLayout.At(token, piece);
        long pitch = (long)Stride * sizeof(ushort);
        first += token;
        TileMemory.Copy(to, from + (IntrinsicMath.Min(first, Last) * pitch), bytes);
        TileMemory.Copy(to + TileMemory.CopyBytes, from + (IntrinsicMath.Min(first + together, Last) * pitch), bytes);
        TileMemory.Copy(to + (2 * TileMemory.CopyBytes), from + (IntrinsicMath.Min(first + (2 * together), Last) * pitch), bytes);
        TileMemory.Copy(to + (3 * TileMemory.CopyBytes), from + (IntrinsicMath.Min(first + (3 * together), Last) * pitch), bytes);
    }
}

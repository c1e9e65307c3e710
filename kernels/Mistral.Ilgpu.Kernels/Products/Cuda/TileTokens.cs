using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>Activations in 16 bits, tokens × <paramref name="Stride"/>, that come to shared memory in tiles, see
/// <see cref="TileMemory"/>, by 128 threads.</summary>
/// <param name="Address">Where they are in global memory.</param>
/// <param name="Stride">Numbers from a token to the next.</param>
/// <param name="Last">The pass's last token, which is taken in place of those past it.</param>
internal readonly record struct TileTokens(long Address, int Stride, int Last)
{
    /// <summary>Begins to copy 128 tokens, <see cref="TileMemory.Depth"/> columns of each; columns that do not exist are
    /// zeros.</summary>
    /// <param name="thread">Of the 128.</param>
    /// <param name="first">The tile's first token.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(int thread, uint tile, int first, int column)
    {
        int piece = thread & 3;
        int bytes = column + (piece * 8) < Stride ? TileMemory.PieceBytes : 0;
        long from = Address + (((long)column * sizeof(ushort)) + (piece * TileMemory.PieceBytes));
        from = bytes == 0 ? Address : from;
        int token = thread >> 2;
        uint to = tile + TileMemory.At(token, piece);
        long pitch = (long)Stride * sizeof(ushort);
        TileMemory.Copy(to, from + (IntrinsicMath.Min(first + token, Last) * pitch), bytes);
        TileMemory.Copy(to + (32 * TileMemory.RowBytes), from + (IntrinsicMath.Min(first + token + 32, Last) * pitch), bytes);
        TileMemory.Copy(to + (64 * TileMemory.RowBytes), from + (IntrinsicMath.Min(first + token + 64, Last) * pitch), bytes);
        TileMemory.Copy(to + (96 * TileMemory.RowBytes), from + (IntrinsicMath.Min(first + token + 96, Last) * pitch), bytes);
    }
}

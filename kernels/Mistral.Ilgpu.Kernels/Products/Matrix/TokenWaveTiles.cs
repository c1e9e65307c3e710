using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Matrix;

/// <summary>Activations in 16 bits, tokens × <paramref name="Stride"/>. An item of 128 brings a piece of each of four tokens.
/// </summary>
/// <param name="First">The tile's first token.</param>
/// <param name="Last">The pass's last token, which is taken in place of those past it.</param>
internal readonly record struct TokenWaveTiles(ArrayView<ushort> Input, int Stride, int First, int Last)
{
    /// <summary>Reads 32 columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TilePart Fetch(int item, int column)
    {
        int token = First + (item >> 2);
        return TileColumns.Fetch(
            Input, Stride, Own(item, column), IntrinsicMath.Min(token, Last), IntrinsicMath.Min(token + 32, Last),
            IntrinsicMath.Min(token + 64, Last), IntrinsicMath.Min(token + 96, Last));
    }

    /// <summary>Writes them; those that do not exist are zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(in TilePart part, int item, ArrayView<Pack> memory, int stage, int column) =>
        TileColumns.Put(part, Own(item, column) < Stride, item, memory, stage + MatrixTile.TilePieces);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Own(int item, int column) => column + ((item & 3) * MatrixTile.PieceLength);
}

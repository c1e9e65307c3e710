using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Cuda;

namespace Mistral.Ilgpu.Kernels.Products.Matrix;

/// <summary>Eight neighbouring columns of each of four rows of 16-bit numbers.</summary>
internal static class TileColumns
{
    /// <summary>Where the columns do not exist, the row's first eight.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TilePart Fetch(
        ArrayView<ushort> numbers, int stride, int column, int first, int second, int third, int fourth)
    {
        int pitch = stride / MatrixTile.PieceLength;
        int piece = column < stride ? column / MatrixTile.PieceLength : 0;
        var pieces = numbers.Cast<Pack>();
        return new TilePart
        {
            Words = new RunWords
            {
                Low = pieces[((long)first * pitch) + piece],
                High = pieces[((long)second * pitch) + piece],
                UpperLow = pieces[((long)third * pitch) + piece],
                UpperHigh = pieces[((long)fourth * pitch) + piece],
            },
        };
    }

    /// <param name="exist">Whether the columns exist; otherwise zeros are written.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(in TilePart part, bool exist, int item, ArrayView<Pack> memory, int tile)
    {
        int at = tile + MatrixTile.At(item >> 2, item & 3);
        const int Apart = 32 * MatrixTile.Pieces;
        Pieces.Store(ref memory[at], OrZeros(exist, part.Words.Low));
        Pieces.Store(ref memory[at + Apart], OrZeros(exist, part.Words.High));
        Pieces.Store(ref memory[at + (2 * Apart)], OrZeros(exist, part.Words.UpperLow));
        Pieces.Store(ref memory[at + (3 * Apart)], OrZeros(exist, part.Words.UpperHigh));
    }

    // Here and not where it is loaded, because the choice waits for the load.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pack OrZeros(bool exist, Pack pack) => new()
    {
        A = exist ? pack.A : 0, B = exist ? pack.B : 0, C = exist ? pack.C : 0, D = exist ? pack.D : 0,
    };
}

using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>
/// A matrix of 16-bit numbers in shared memory, a row after the other, each of four, eight or more pieces of 16 bytes. Eight
/// pieces are as wide as the memory's banks. The places of eight neighbours are moved by exclusive-or with a number of their
/// rows. Then the same piece of eight rows lies in different banks.
/// </summary>
/// <param name="Pieces">Of a row: 4, or a multiple of 8. A constant.</param>
/// <param name="Lane">The place of what the lane reads first, see <see cref="IRowCore.Lane"/>.</param>
/// <example>Of rows of 16 pieces, piece 3 of row 5 is number 83 and lies at 83 xor 5 = 86.</example>
public readonly record struct MatrixRows(ArrayView<Pack> Memory, int Pieces, int Lane = 0)
{
    private const int Banks = 8;

    /// <summary>Where a piece of a row lies.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int At(int row, int piece, int pieces) => Further(0, row, piece, pieces, 1);

    /// <summary>
    /// The place some rows and pieces further than another, whose row and piece have none of the same bits. Where these are
    /// constants it is an exclusive-or and an addition of constants.
    /// </summary>
    /// <param name="at">The other place, times <paramref name="unit"/>.</param>
    /// <param name="unit">What places are counted in: a piece is so many.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Further(int at, int row, int piece, int pieces, int unit)
    {
        int whole = (row * pieces) + piece;
        // Two rows of four pieces are as wide as the banks. Higher bits of the row count too, so that rows far from each other
        // that lanes write at once lie in different banks.
        int line = pieces < Banks ? row >> 1 : row;
        int moved = (whole ^ line ^ (line >> 3)) & (Banks - 1);
        return ((whole & ~(Banks - 1)) * unit) + (at ^ (moved * unit));
    }

    /// <summary>The place of the lane's piece, so many rows and pieces further.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal int OfLane(int row, int piece) => Further(Lane, row, piece, Pieces, 1);
}

using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Amd;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Amd;

/// <summary>What an item brings of keys or values: eight numbers of each of four neighbours.</summary>
internal struct FourPieces
{
    private const int WordsOfPiece = 4;

    public Pack A, B, C, D;

    /// <summary>Where <see cref="Put{TCore}"/> writes: the four neighbours are columns of eight rows.</summary>
    /// <param name="eight">The rows, see <see cref="RowOrder{TCore}"/>.</param>
    /// <param name="quad">The columns, from four times this on.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Place<TCore>(MatrixRows rows, int eight, int quad)
        where TCore : struct, IRowCore =>
        (MatrixRows.At(RowOrder<TCore>.Of(eight, 0), quad >> 1, rows.Pieces) * WordsOfPiece) + (2 * (quad & 1));

    /// <summary>Writes it the other way round: the four neighbours side by side, in each of the eight rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Put<TCore>(MatrixRows rows, int place)
        where TCore : struct, IRowCore
    {
        PutRow<TCore>(rows, place, 0, Lower(A.A, B.A), Lower(C.A, D.A));
        PutRow<TCore>(rows, place, 1, Upper(A.A, B.A), Upper(C.A, D.A));
        PutRow<TCore>(rows, place, 2, Lower(A.B, B.B), Lower(C.B, D.B));
        PutRow<TCore>(rows, place, 3, Upper(A.B, B.B), Upper(C.B, D.B));
        PutRow<TCore>(rows, place, 4, Lower(A.C, B.C), Lower(C.C, D.C));
        PutRow<TCore>(rows, place, 5, Upper(A.C, B.C), Upper(C.C, D.C));
        PutRow<TCore>(rows, place, 6, Lower(A.D, B.D), Lower(C.D, D.D));
        PutRow<TCore>(rows, place, 7, Upper(A.D, B.D), Upper(C.D, D.D));
    }

    /// <summary>The first <paramref name="count"/> of each eight, and then those of the other.</summary>
    /// <param name="count">1 to 7.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly FourPieces Join(FourPieces other, int count)
    {
        var mask = new Pack { A = Mask(count), B = Mask(count - 2), C = Mask(count - 4), D = Mask(count - 6) };
        return new FourPieces
        {
            A = Join(A, other.A, mask), B = Join(B, other.B, mask), C = Join(C, other.C, mask), D = Join(D, other.D, mask),
        };
    }

    // Of so many of two numbers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Mask(int count) => (count > 0 ? 0xFFFF : 0u) | (count > 1 ? 0xFFFF0000 : 0u);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Pack Join(Pack first, Pack second, Pack mask) => new()
    {
        A = (first.A & mask.A) | (second.A & ~mask.A), B = (first.B & mask.B) | (second.B & ~mask.B),
        C = (first.C & mask.C) | (second.C & ~mask.C), D = (first.D & mask.D) | (second.D & ~mask.D),
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PutRow<TCore>(MatrixRows rows, int place, int i, uint low, uint high)
        where TCore : struct, IRowCore =>
        Pieces.StoreHalf(
            ref rows.Memory.Cast<uint>()[
                MatrixRows.Further(place, RowOrder<TCore>.Of(0, i), 0, rows.Pieces, WordsOfPiece)],
            low, high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Lower(uint first, uint second) => (first & 0xFFFF) | (second << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Upper(uint first, uint second) => (first >> 16) | (second & 0xFFFF0000u);
}

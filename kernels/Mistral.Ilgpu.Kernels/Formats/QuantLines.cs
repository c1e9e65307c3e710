using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// The quants of a block of one row in lines of 128 bytes in shared memory. A line has its pieces of 16 bytes in the order that
/// bulk copies give them, see <see cref="RowsOf128Bytes"/>. For CUDA forms.
/// </summary>
/// <param name="Line">Where the first piece lies of the line with the block's first byte. Others are a change of bits
/// away.</param>
/// <param name="Next">Likewise of the row's next line; the same where blocks do not go on there.</param>
/// <param name="At">Bytes of the line before the block.</param>
public readonly record struct QuantLines(uint Line, uint Next, int At)
{
    /// <summary>Two neighbouring pieces, one of each half of a run.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal RunWords Pieces(int piece) => new() { Low = Piece(piece), High = Piece(piece + 1) };

    /// <summary>The same with two pieces of upper bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal RunWords Pieces(int piece, int upper) => new()
    {
        Low = Piece(piece), High = Piece(piece + 1), UpperLow = Piece(upper), UpperHigh = Piece(upper + 1),
    };

    /// <summary>A piece of the block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Pack Piece(int number) => TensorShared.LoadPack(Find(number * TileMemory.PieceBytes));

    /// <summary>A word of the block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint Word(int number) => TensorShared.LoadWord(Find(number * sizeof(uint)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Find(int offset)
    {
        int at = At + offset;
        return (at < LineMemory.LineBytes ? Line : Next) ^ (uint)(at & (LineMemory.LineBytes - 1));
    }
}

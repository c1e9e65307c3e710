using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// Which elements of which values a lane adds up. A value's eights are the lanes of a team; short heads leave room for several
/// positions at once.
/// </summary>
/// <example>48 elements are 6 eights. Lanes 0-7 take one position, of which two have no elements, and lanes 8-15 the
/// next.</example>
internal readonly struct ValuePlace
{
    /// <summary>Elements that the first eights of all lanes hold.</summary>
    public const int Near = 8 * Team.Lanes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ValuePlace(int headDim)
    {
        int pieces = headDim / 8;
        int shift = Shift(headDim);
        int column = Team.Lane & ((1 << shift) - 1);
        Piece = IntrinsicMath.Min(column, pieces - 1);
        FarPiece = IntrinsicMath.Min(column + Team.Lanes, pieces - 1);
        Row = Team.Lane >> shift;
        Rows = Team.Lanes >> shift;
    }

    /// <summary>The lane's eight; lanes past the last repeat it.</summary>
    public int Piece { get; }

    /// <summary>Its other eight, of heads of more than <see cref="Near"/> elements.</summary>
    public int FarPiece { get; }

    /// <summary>Its position, of those taken at once.</summary>
    public int Row { get; }

    /// <summary>Positions taken at once.</summary>
    public int Rows { get; }

    /// <summary>The lanes of a position are 2 to this power.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Shift(int headDim) => headDim > 64 ? 4 : headDim > 32 ? 3 : headDim > 16 ? 2 : 1;
}

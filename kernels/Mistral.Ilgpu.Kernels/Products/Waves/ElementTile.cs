using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// How a tile of <see cref="MatMulFused{TFormat,TElement,TEpilogue}"/> lies in shared memory, as floats. Rows, or tokens, of a
/// column are neighbours, so an item reads four of them at once.
/// </summary>
internal static class ElementTile
{
    /// <summary>Columns that are in the tile at once.</summary>
    public const int Columns = 32;

    /// <summary>Columns of a row of weights that an item brings to the tile.</summary>
    public const int PerItem = 16;

    /// <summary>From a column of weights to the next.</summary>
    public const int WeightPitch = BlockTile.Rows + 4;

    /// <summary>From a column of activations to the next.</summary>
    public const int ValuePitch = BlockTile.Tokens + 4;

    public const int WeightFours = Columns * WeightPitch / 4;

    public const int ValueFours = Columns * ValuePitch / 4;

    /// <summary>The token of which an item brings <see cref="ValuesPerItem"/> columns to the tile.</summary>
    public static int LoadedToken
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX >> 2;
    }

    public const int ValuesPerItem = 8;

    /// <summary>The first of the four rows of which an item makes sums; it also has the four 64 further down.</summary>
    public static int ItemRow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 4 * (Group.IdxX & 15);
    }

    /// <summary>The first of the four tokens of which it does so.</summary>
    public static int ItemToken
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 4 * (Group.IdxX >> 4);
    }
}

using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// How a tile of <see cref="BlockMatMulTile{TFormat,TEpilogue}"/> lies in shared memory. Each half of a run is a plane of packs,
/// one for each row, or token. Items that multiply read neighbouring packs of a plane. Items that fill planes write to several of
/// them at once, so planes are padded to begin at other banks. Of 32 banks a pack takes four; eight items are served at once.
/// </summary>
/// <example>
/// Two items bring the two runs of a row. Eight items write packs 0 to 3 of two planes that are 132 packs apart: 132 mod 8 is 4,
/// so the packs of the second plane take the other four places.
/// </example>
public static class BlockTile
{
    public const int GroupSize = 256;

    /// <summary>Rows of weights in a tile.</summary>
    public const int Rows = 128;

    public const int Tokens = 64;

    /// <summary>Runs that are in the tile at once.</summary>
    public const int Runs = 2;

    /// <summary>From a plane of weights to the next; planes of first halves come before those of second halves.</summary>
    public const int QuantPitch = Rows + 4;

    /// <summary>From a plane of activations to the next; the halves of a run are neighbours.</summary>
    public const int ValuePitch = Tokens + 2;

    /// <summary>The same of floats.</summary>
    public const int ScalePitch = Rows + 16;

    public const int EntryPitch = Tokens + 16;

    public const int QuantPacks = 2 * Runs * QuantPitch;

    public const int ValuePacks = 2 * Runs * ValuePitch;

    /// <summary>Scales and offsets of both halves.</summary>
    public const int ScaleFloats = 4 * Runs * ScalePitch;

    /// <summary>Scales, and the sums of both halves.</summary>
    public const int EntryFloats = 3 * Runs * EntryPitch;

    /// <summary>Rows of output in a tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RowsMade(bool isGated) => isGated ? Rows / 2 : Rows;

    /// <summary>The row that an item brings to the tile: two items each, one for each run.</summary>
    public static int LoadedRow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX >> 1;
    }

    /// <summary>The row of weights that it is; past the end the last one.</summary>
    /// <param name="firstRow">The tile's first row of output.</param>
    /// <param name="rows">Of output in all. Of a gate the rows that are gated lie so many further down.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Source(int firstRow, int rows, bool isGated)
    {
        int row = LoadedRow;
        return isGated
            ? IntrinsicMath.Min(firstRow + (row & ((Rows / 2) - 1)), rows - 1) + (row >= Rows / 2 ? rows : 0)
            : IntrinsicMath.Min(firstRow + row, rows - 1);
    }

    /// <summary>The first row of which an item makes sums; its others are 16, 32 … further down.</summary>
    public static int ItemRow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX & 15;
    }

    /// <summary>The first token of which it does so; its others are 16, 32 and 48 further on.</summary>
    public static int ItemToken
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX >> 4;
    }
}

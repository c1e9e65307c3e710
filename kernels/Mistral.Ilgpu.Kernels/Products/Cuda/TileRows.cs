using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Products.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Cuda;

/// <summary>Which rows of weights are in a tile.</summary>
/// <param name="First">The tile's first row of output.</param>
/// <param name="Count">Rows of output of the whole matrix.</param>
/// <param name="IsGated">Whether each 32 rows of the tile are followed by the 32 that they gate, <paramref name="Count"/> further
/// down.</param>
public readonly record struct TileRows(int First, int Count, bool IsGated)
{
    /// <summary>Rows that a bulk copy brings.</summary>
    public const int RowsOfCopy = TileMemory.Rows / 4;

    private const uint QuarterBytes = RowsOfCopy * WarpgroupMemory.RowBytes;

    /// <summary>Rows of output in a tile.</summary>
    public static int PerTile(bool isGated) => isGated ? TileMemory.Rows / 2 : TileMemory.Rows;

    /// <summary>Rows of output that a pair of groups makes at a time, see <see cref="GroupPair"/>.</summary>
    public static int PerPair(bool isGated) => GroupPair.Groups * PerTile(isGated);

    /// <summary>The row of weights in a row of the tile; past the end the last one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Source(int row) => IsGated
        ? IntrinsicMath.Min(First + ((row >> 6) << 5) + (row & 31), Count - 1) + (((row >> 5) & 1) * Count)
        : IntrinsicMath.Min(First + row, Count - 1);

    /// <summary>The first row of weights of a quarter of the tile, 32 rows, which may be past the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FirstOfQuarter(int quarter) => IsGated
        ? First + ((quarter >> 1) * RowsOfCopy) + ((quarter & 1) * Count)
        : First + (quarter * RowsOfCopy);

    /// <summary>Begins to bring 128 bytes of each row by bulk copies, 32 rows at a time.</summary>
    /// <param name="column">The first of the 64 16-bit numbers that they are.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Bring(uint to, long map, int column, uint arrives)
    {
        TensorMap.Copy(to, map, column, FirstOfQuarter(0), arrives);
        TensorMap.Copy(to + QuarterBytes, map, column, FirstOfQuarter(1), arrives);
        TensorMap.Copy(to + (2 * QuarterBytes), map, column, FirstOfQuarter(2), arrives);
        TensorMap.Copy(to + (3 * QuarterBytes), map, column, FirstOfQuarter(3), arrives);
    }

    /// <summary>The first row of output of the upper or the lower half of the tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FirstOutput(int half) => First + (half * (IsGated ? TileMemory.Rows / 4 : TileMemory.Rows / 2));
}

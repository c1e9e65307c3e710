using ILGPU;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Grids and groups of launches.</summary>
internal static class LaunchShape
{
    /// <summary>The shape of a kernel whose items each sum one row of a matrix.</summary>
    public static KernelConfig Rows(int rows) => Cover(rows, 32);

    /// <summary>
    /// The shape of a kernel with one item for each of <paramref name="items"/>. Items take several by stride if there would be
    /// more
    /// than <paramref name="maxGroups"/> groups.
    /// </summary>
    public static KernelConfig Cover(long items, int groupSize, int maxGroups = int.MaxValue) =>
        new((int)Math.Clamp((items + groupSize - 1) / groupSize, 1, maxGroups), groupSize);

    /// <summary>
    /// The shape of a form whose groups compute a few rows for a few tokens. Groups of the same rows are neighbours.
    /// </summary>
    public static KernelConfig FewTokens<TTokens>(int rows, int rowsPerGroup, int tokens, int groupSize)
        where TTokens : struct, ITokenBlocks => new(
            new Index3D(Groups(tokens, TTokens.Tokens), Groups(rows, rowsPerGroup), 1), new Index3D(groupSize, 1, 1));

    /// <summary>
    /// The shape of a form whose groups compute a tile of 128 rows of weights × 64 tokens. Groups of the same rows are
    /// neighbours.
    /// </summary>
    /// <param name="rows">Of output; of a gate a tile has half as many.</param>
    public static KernelConfig Tiles(int rows, bool isGated, int tokens) => new(
        new Index3D(Groups(tokens, BlockTile.Tokens), Groups(rows, BlockTile.RowsMade(isGated)), 1),
        new Index3D(BlockTile.GroupSize, 1, 1));

    /// <summary>The number of groups of <paramref name="each"/> that cover <paramref name="items"/>.</summary>
    public static int Groups(int items, int each) => (items + each - 1) / each;
}

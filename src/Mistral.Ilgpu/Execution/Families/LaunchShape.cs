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

    /// <summary>The number of groups of <paramref name="each"/> that cover <paramref name="items"/>.</summary>
    public static int Groups(int items, int each) => (items + each - 1) / each;
}

using ILGPU;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>Grids and groups of launches.</summary>
internal static class LaunchShape
{
    /// <summary>For a kernel whose every item sums one row of a matrix.</summary>
    public static KernelConfig Rows(int rows) => Cover(rows, 32);

    /// <summary>For a kernel whose every item is one of <paramref name="items"/>, or takes some by stride where that makes too
    /// many groups.</summary>
    public static KernelConfig Cover(long items, int groupSize, int maxGroups = int.MaxValue) =>
        new((int)Math.Clamp((items + groupSize - 1) / groupSize, 1, maxGroups), groupSize);

    /// <summary>For a form whose group makes a few rows for a few tokens; groups of the same rows are neighbours.</summary>
    public static KernelConfig FewTokens<TTokens>(int rows, int rowsPerGroup, int tokens, int groupSize)
        where TTokens : struct, ITokenBlocks => new(
            new Index3D(Groups(tokens, TTokens.Tokens), Groups(rows, rowsPerGroup), 1), new Index3D(groupSize, 1, 1));

    /// <summary>Groups of <paramref name="each"/> that hold <paramref name="items"/>.</summary>
    public static int Groups(int items, int each) => (items + each - 1) / each;
}

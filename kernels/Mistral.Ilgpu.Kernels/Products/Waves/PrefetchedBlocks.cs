using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>The same of rows of blocks, which lie in two planes.</summary>
public readonly record struct PrefetchedBlocks(PrefetchedRows Quants, PrefetchedRows Scales)
{
    /// <summary>See <see cref="PrefetchedRows.Prefetch"/>; of the scales of each row a line in a round, which is those of 64 runs
    /// or more.</summary>
    /// <param name="lines">Of the quants of each row.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Prefetch(int firstRow, int rows, int matrices, int lines, int rounds)
    {
        Quants.Prefetch(firstRow, rows, matrices, lines, rounds);
        Scales.Prefetch(firstRow, rows, matrices, 1, rounds);
    }
}

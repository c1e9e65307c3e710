using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// Rows of elements to strips: strips[s, c, i] = rows[16 s + i − FirstRow, c] for rows from FirstRow on. rows: count × columns;
/// strips: ⌈all rows / 16⌉ × columns × 16. Work is shared by pieces of a strip, see <see cref="Items"/>.
/// </summary>
public readonly record struct PackStrips<TElement>(
    ArrayView<TElement> Rows, ArrayView<TElement> Strips, int FirstRow, int Columns) : IKernel
    where TElement : unmanaged
{
    // What a piece writes stays in the nearest cache until all of its rows are there.
    private const int ColumnsAtOnce = 128;

    /// <summary>Pieces of the strips that some rows belong to.</summary>
    public long Items => (long)Strip.Count(FirstRow, RowCount) * Pieces;

    private int RowCount => (int)(Rows.Length / Columns);

    private int Pieces => (Columns + ColumnsAtOnce - 1) / ColumnsAtOnce;

    public void Execute()
    {
        int pieces = Pieces;
        int rowsOfAll = FirstRow + RowCount;
        long items = Items;
        for (long item = WorkItems.First; item < items; item += WorkItems.Count)
        {
            long firstOfStrip = ((FirstRow / Strip.Rows) + (item / pieces)) * Strip.Rows;
            int column = (int)(item % pieces) * ColumnsAtOnce;
            int end = Math.Min(column + ColumnsAtOnce, Columns);
            long rowsEnd = Math.Min(firstOfStrip + Strip.Rows, rowsOfAll);
            for (long row = Math.Max(firstOfStrip, FirstRow); row < rowsEnd; row++)
            {
                long from = (row - FirstRow) * Columns;
                long to = (firstOfStrip * Columns) + (row - firstOfStrip);
                for (int c = column; c < end; c++)
                {
                    Strips[to + ((long)c * Strip.Rows)] = Rows[from + c];
                }
            }
        }
    }
}

/// <summary>Rows of blocks to strips, from FirstRow on, see <see cref="IStripFormat"/>. Work is shared by runs of a strip, see
/// <see cref="Items"/>.</summary>
public readonly record struct PackBlockStrips<TFormat>(
    BlockWeights Rows, StripWeights Strips, int FirstRow, int RowCount) : IKernel
    where TFormat : struct, IStripFormat
{
    /// <summary>Runs of the strips that some rows belong to.</summary>
    public long Items => (long)Strip.Count(FirstRow, RowCount) * (Rows.Columns / BlockRun.Length);

    public void Execute()
    {
        int runs = Rows.Columns / BlockRun.Length;
        int runsInBlock = TFormat.BlockLength / BlockRun.Length;
        long items = Items;
        for (long item = WorkItems.First; item < items; item += WorkItems.Count)
        {
            long strip = (FirstRow / Strip.Rows) + (item / runs);
            int run = (int)(item % runs);
            long firstOfStrip = strip * Strip.Rows;
            long rowsEnd = Math.Min(firstOfStrip + Strip.Rows, FirstRow + RowCount);
            for (long row = Math.Max(firstOfStrip, FirstRow); row < rowsEnd; row++)
            {
                int lane = (int)(row - firstOfStrip);
                long block = ((row - FirstRow) * (runs / runsInBlock)) + (run / runsInBlock);
                Pack(block, run % runsInBlock, (strip * runs) + run, lane);
                if (run % runsInBlock == 0)
                {
                    long to = ((strip * (runs / runsInBlock)) + (run / runsInBlock)) * TFormat.BlockFloats;
                    for (int part = 0; part < TFormat.BlockFloats; part++)
                    {
                        Strips.BlockFloats[((to + part) * Strip.Rows) + lane] = TFormat.BlockFloat(Rows.Scales, block * TFormat.ScaleWords, part);
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Pack(long block, int runInBlock, long stripRun, int lane)
    {
        for (int vector = 0; vector < TFormat.Bits; vector++)
        {
            Strips.Quants[(((stripRun * TFormat.Bits) + vector) * Strip.Rows) + lane] =
                (int)StripQuads.Pack<TFormat>(Rows.Quants, block, runInBlock, vector);
        }

        for (int part = 0; part < TFormat.RunBytes; part++)
        {
            Strips.RunBytes[(((stripRun * TFormat.RunBytes) + part) * Strip.Rows) + lane] =
                (sbyte)TFormat.RunByte(Rows.Scales, block * TFormat.ScaleWords, runInBlock, part);
        }
    }
}

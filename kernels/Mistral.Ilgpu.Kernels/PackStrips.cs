using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels;

/// <summary>
/// Rows of elements to strips: strips[s, c, i] = rows[16 s + i − FirstRow, c] for rows from FirstRow on. rows: count × columns; strips: ⌈all rows / 16⌉ ×
/// columns × 16. Work is shared by element.
/// </summary>
public readonly record struct PackStrips<TElement>(ArrayView<TElement> Rows, ArrayView<TElement> Strips, int FirstRow, int Columns) : IKernel
    where TElement : unmanaged
{
    public void Execute()
    {
        for (long i = WorkItems.First; i < Rows.Length; i += WorkItems.Count)
        {
            long row = FirstRow + (i / Columns);
            Strips[(((row / Strip.Rows * Columns) + (i % Columns)) * Strip.Rows) + (row % Strip.Rows)] = Rows[i];
        }
    }
}

/// <summary>Rows of blocks to strips, from FirstRow on, see <see cref="IStripFormat"/>. Work is shared by run.</summary>
public readonly record struct PackBlockStrips<TFormat>(BlockWeights Rows, StripWeights Strips, int FirstRow, int RowCount) : IKernel
    where TFormat : struct, IStripFormat
{
    public void Execute()
    {
        int runs = Rows.Columns / BlockRun.Length;
        for (long i = WorkItems.First; i < (long)RowCount * runs; i += WorkItems.Count)
        {
            long row = FirstRow + (i / runs);
            int run = (int)(i % runs);
            int runsInBlock = TFormat.BlockLength / BlockRun.Length;
            long block = i / runs * (runs / runsInBlock) + (run / runsInBlock);
            long strip = row / Strip.Rows;
            int lane = (int)(row % Strip.Rows);
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Pack(long block, int runInBlock, long stripRun, int lane)
    {
        for (int vector = 0; vector < TFormat.Bits; vector++)
        {
            Strips.Quants[(((stripRun * TFormat.Bits) + vector) * Strip.Rows) + lane] =
                StripQuads.Pack<TFormat>(Rows.Quants, block * TFormat.QuantBytes, runInBlock, vector);
        }

        for (int part = 0; part < TFormat.RunBytes; part++)
        {
            Strips.RunBytes[(((stripRun * TFormat.RunBytes) + part) * Strip.Rows) + lane] =
                (sbyte)TFormat.RunByte(Rows.Scales, block * TFormat.ScaleWords, runInBlock, part);
        }
    }
}

using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

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
                        Strips.BlockFloats[((to + part) * Strip.Rows) + lane] =
                            TFormat.BlockFloat(Rows.Scales, block * TFormat.ScaleWords, part);
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

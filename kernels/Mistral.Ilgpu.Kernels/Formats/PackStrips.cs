using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Lanes;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// Rows of elements to strips: strips[s, c, i] = rows[16 s + i − FirstRow, c] for rows from FirstRow on. Shapes: rows are count ×
/// columns; strips are ⌈all rows / 16⌉ × columns × 16. Work is shared by pieces of a strip, see <see cref="Items"/>.
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

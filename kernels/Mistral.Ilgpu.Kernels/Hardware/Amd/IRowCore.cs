using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Hardware.Amd;

/// <summary>
/// How a wave multiplies 32 rows of a matrix in shared memory with columns that its lanes have in registers. There are half as
/// many columns as lanes. Lane l has column l mod (lanes / 2) and of it half of the sums, those of eight rows and then of eight
/// more. Sums that are rounded are columns of the next product: they go from lane to lane at most to the other half of the wave.
/// </summary>
public interface IRowCore : IMatrixCore
{
    /// <summary>The place of the first piece that a lane reads of 32 rows, see <see cref="MatrixRows.Lane"/>.</summary>
    /// <param name="item">The lane's number in the group.</param>
    /// <param name="pieces">Of a row.</param>
    static abstract int Lane(int item, int pieces);

    /// <summary>Two numbers rounded to nearest, the lower half <paramref name="low"/>.</summary>
    static abstract uint Pair(float low, float high);

    /// <summary>Which of the two pieces of sixteen numbers a lane has first of its column, 0 or 1. Some cores have both in a
    /// lane; for the others the second is for bodies in C# alone.</summary>
    static abstract int FirstPiece { get; }

    /// <summary>
    /// What a lane multiplies with of sixteen numbers that the two lanes of its column have. The one in the lower half of the
    /// wave has the first eight.
    /// </summary>
    /// <param name="numbers">Of 0 to 1.</param>
    static abstract MatrixFragment Column(EightSums numbers);

    /// <summary>sums += 32 rows × the columns' sixteen numbers.</summary>
    /// <param name="row">The first row: a multiple of 32.</param>
    /// <param name="piece">The first of the two pieces of a row: even.</param>
    static abstract SixteenSums MultiplyAdd(SixteenSums sums, MatrixRows rows, int row, int piece, MatrixFragment columns);
}

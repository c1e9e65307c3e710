using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Products.Waves;

/// <summary>
/// Rows of weights whose first lines a group of a CUDA form prefetches before it has its input. So memory is busy while the group
/// waits for the kernel before (<see cref="Hardware.Waves.Predecessor"/>) and norms what that made.
/// </summary>
/// <param name="First">Address of the first row. It is an argument. A kernel that takes a view's address reads the view through
/// local memory, and the compiler no longer knows that it is global.</param>
/// <param name="RowBytes">Bytes of a row.</param>
public readonly record struct PrefetchedRows(long First, int RowBytes)
{
    private const int LineBytes = 128;

    /// <summary>
    /// Prefetches lines of <see cref="Strands.Rows"/> rows, one by each thread in a round. In place of rows past the last, that
    /// one is prefetched again.
    /// </summary>
    /// <param name="rows">Of a matrix.</param>
    /// <param name="matrices">2 where a second one lies below, whose rows are needed too, or 1.</param>
    /// <param name="lines">Of each row in a round: a power of two.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Prefetch(int firstRow, int rows, int matrices, int lines, int rounds)
    {
        int item = Group.IdxX / lines;
        int row = IntrinsicMath.Min(firstRow + (item & (Strands.Rows - 1)), rows - 1) + (item / Strands.Rows * rows);
        int end = item < matrices * Strands.Rows ? IntrinsicMath.Min(RowBytes, rounds * lines * LineBytes) : 0;
        for (int at = (Group.IdxX & (lines - 1)) * LineBytes; at < end; at += lines * LineBytes)
        {
            Ask(First + ((long)row * RowBytes) + at);
        }
    }

    /// <summary>Prefetches one line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(AskOnCuda))]
    public static void Ask(long address)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AskOnCuda(long address) => CudaAsm.Emit("prefetch.global.L2 [%0];", address);
}

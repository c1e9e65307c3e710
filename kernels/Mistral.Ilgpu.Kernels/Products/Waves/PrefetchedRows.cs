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
    /// <summary>What stands for 1 or 0 in PTX until the target is known.</summary>
    public const string HasBulkName = "HAS_BULK_PREFETCH";

    internal const int LineBytes = 128;

    // What addresses and sizes of bulk prefetches are multiples of.
    private const int SliceBytes = 16;

    /// <summary>
    /// Prefetches lines of <see cref="Strands.Rows"/> rows. Line by line, each thread asks for one in a round. In place of rows
    /// past the last, that one is prefetched again.
    /// </summary>
    /// <param name="rows">Of a matrix.</param>
    /// <param name="matrices">2 where a second one lies below, whose rows are needed too, or 1.</param>
    /// <param name="lines">Of each row in a round: a power of two.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Prefetch(int firstRow, int rows, int matrices, int lines, int rounds)
    {
        int item = Group.IdxX / lines;
        int row = IntrinsicMath.Min(firstRow + (item & (Strands.Rows - 1)), rows - 1) + (item / Strands.Rows * rows);
        int bytes = item < matrices * Strands.Rows ? IntrinsicMath.Min(RowBytes, rounds * lines * LineBytes) : 0;
        AskRow(First + ((long)row * RowBytes), bytes, Group.IdxX & (lines - 1), lines, rounds);
    }

    /// <summary>
    /// Prefetches the first bytes of a row: all at once by the first of its threads from sm_90 on, otherwise line by line. Of a
    /// row with one thread it is line by line everywhere, because the threads of many rows then ask in one instruction.
    /// </summary>
    /// <param name="thread">Of those of the row.</param>
    /// <param name="threads">Of a row; a constant.</param>
    /// <param name="rounds">In which they ask for a line each, where it is line by line; a constant.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AskRow(long from, int bytes, int thread, int threads, int rounds)
    {
        if (threads > 1 && HasBulk())
        {
            long start = from & -SliceBytes;
            // A part of a slice at the end is left, because the buffer may end there.
            int whole = (int)(from + bytes - start) & -SliceBytes;
            if (thread == 0 && whole > 0)
            {
                AskBulk(start, whole);
            }
        }
        else
        {
            for (int round = 0; round < rounds; round++)
            {
                int at = ((round * threads) + thread) * LineBytes;
                if (at < bytes)
                {
                    Ask(from + at);
                }
            }
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

    /// <summary>Whether the device prefetches many lines by one instruction: a constant of the target's PTX, which is put in
    /// when the target is known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(HasBulkOnCuda))]
    public static bool HasBulk() => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasBulkOnCuda()
    {
        CudaAsm.Emit("mov.b32 %0, " + HasBulkName + ";", out int has);
        return has != 0;
    }

    /// <summary>Prefetches slices of 16 bytes. PTX for targets without the instruction is made without it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(AskBulkOnCuda))]
    public static void AskBulk(long address, int bytes)
    {
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AskBulkOnCuda(long address, int bytes) =>
        CudaAsm.Emit("cp.async.bulk.prefetch.L2.global [%0], %1;", address, bytes);
}

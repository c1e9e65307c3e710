using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// Lanes that run together and exchange values without shared memory: a warp of NVIDIA's, a wave of AMD's, a sub-group of
/// Intel's. Waves are 16, 32 or 64 lanes wide. Kernels here count them as 32, and exchange among neighbours that every width has
/// together: 16 or fewer, or 32 where a form says so. Every lane of the group calls an exchange.
/// </summary>
internal static class Wave
{
    /// <summary>Lanes that are counted as a wave.</summary>
    public const int Size = 32;

    /// <summary>
    /// Whether the kernel is compiled for CUDA: a constant, so that a branch on it costs nothing at the beginning of a kernel.
    /// Kernels of other devices do not return before an exchange. Emulated exchanges are barriers. Where not every path meets a
    /// barrier, compilers for CPUs expect all items to take the same branch behind it.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    [Bodies(Cuda = nameof(Yes))]
    public static bool IsForCuda() => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Yes() => true;

    // Masks and shifts, because ptxas divides signed numbers by powers of two at length.

    /// <summary>The item's place among <see cref="Size"/> lanes.</summary>
    public static int Index
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX & (Size - 1);
    }

    /// <summary>The number of these lanes in the group.</summary>
    public static int Number
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX >> 5;
    }

    /// <summary>The sum over 16 neighbours, in each of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum16(float value)
    {
        value += Warp.ShuffleXor(value, 8);
        value += Warp.ShuffleXor(value, 4);
        value += Warp.ShuffleXor(value, 2);
        return value + Warp.ShuffleXor(value, 1);
    }

    /// <summary>The largest of 16 neighbours, in each of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max16(float value)
    {
        value = IntrinsicMath.Max(value, Warp.ShuffleXor(value, 8));
        value = IntrinsicMath.Max(value, Warp.ShuffleXor(value, 4));
        value = IntrinsicMath.Max(value, Warp.ShuffleXor(value, 2));
        return IntrinsicMath.Max(value, Warp.ShuffleXor(value, 1));
    }
}

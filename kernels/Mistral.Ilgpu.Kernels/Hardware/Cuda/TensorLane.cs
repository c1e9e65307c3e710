using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>A thread's place in its warp, and what warps do among their lanes.</summary>
internal static class TensorLane
{
    public const int WarpSize = 32;

    /// <summary>A float of each lane in shared memory.</summary>
    public const int SlotBytes = WarpSize * sizeof(float);

    // Masks and shifts, because ptxas divides signed numbers by powers of two at length.
    public static int Index
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX & (WarpSize - 1);
    }

    public static int Warp
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Group.IdxX >> 5;
    }

    /// <summary>From a thread's row to its next.</summary>
    public const int RowsApart = 8;

    /// <summary>The thread's upper row of 16; the lower is 8 below.</summary>
    public static int Row
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Index >> 2;
    }

    /// <summary>The first of the thread's columns of 8.</summary>
    public static int Column
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Index & 3) * 2;
    }

    /// <summary>Over the four lanes that share a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float RowMax(float value)
    {
        value = IntrinsicMath.Max(value, ILGPU.Warp.ShuffleXor(value, 1));
        return IntrinsicMath.Max(value, ILGPU.Warp.ShuffleXor(value, 2));
    }

    /// <summary>Over the warp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float value)
    {
        value = RowMax(value);
        value = IntrinsicMath.Max(value, ILGPU.Warp.ShuffleXor(value, 4));
        value = IntrinsicMath.Max(value, ILGPU.Warp.ShuffleXor(value, 8));
        return IntrinsicMath.Max(value, ILGPU.Warp.ShuffleXor(value, 16));
    }

    /// <summary>Whether it is so in a lane of the warp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsAny(bool value)
    {
        CudaAsm.Emit(
            "{ .reg .pred any; setp.ne.s32 any, %1, 0; vote.sync.any.pred any, any, 0xffffffff; selp.b32 %0, 1, 0, any; }",
            out int isAny, value ? 1 : 0);
        return isAny != 0;
    }

    /// <summary>Over the four lanes that share a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float RowSum(float value)
    {
        value += ILGPU.Warp.ShuffleXor(value, 1);
        return value + ILGPU.Warp.ShuffleXor(value, 2);
    }
}

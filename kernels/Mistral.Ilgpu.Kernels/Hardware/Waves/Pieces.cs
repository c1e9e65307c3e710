using System.Runtime.CompilerServices;
using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Waves;

/// <summary>
/// Sixteen bytes of shared memory in one instruction. ILGPU's structs are aligned to their fields, and compilers then take four
/// instructions. Arrays in local memory begin at multiples of 16 bytes on AMD.
/// </summary>
internal static class Pieces
{
    [Bodies(Cuda = nameof(LoadOnCuda)), Wave("wave_load_piece(result, from);"), IntrinsicImplementation]
    public static Pack Load(ref Pack from) => from;

    [Bodies(Cuda = nameof(StoreOnCuda)), Wave("wave_store_piece(to, piece);"), IntrinsicImplementation]
    public static void Store(ref Pack to, Pack piece) => to = piece;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Pack LoadOnCuda(ref Pack from) => from;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreOnCuda(ref Pack to, Pack piece) => to = piece;

    /// <summary>Eight bytes of a piece.</summary>
    /// <param name="to">The first of the two words.</param>
    [Wave("*(local uint2*)(to) = (uint2)(low, high);"), IntrinsicImplementation]
    public static void StoreHalf(ref uint to, uint low, uint high) => (to, Unsafe.Add(ref to, 1)) = (low, high);
}

using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>Barrier-free kernels share their work by stride: items First, First + Count, First + 2·Count, …</summary>
public static class WorkItems
{
    public static long First
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
    }

    public static long Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (long)Grid.DimX * Group.DimX;
    }
}

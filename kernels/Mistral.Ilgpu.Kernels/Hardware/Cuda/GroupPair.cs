using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Mistral.Ilgpu.Kernels.Hardware.Cuda;

/// <summary>
/// Two groups that run at once on neighbouring multiprocessors and reach each other's shared memory, of sm_90: a cluster of two.
/// A kernel that asks for its <see cref="Size"/> is launched in pairs, groups 0 and 1, 2 and 3, and so on.
/// </summary>
public static class GroupPair
{
    public const int Groups = 2;

    /// <summary>Groups of the pair: 2, unless a driver does not launch pairs.</summary>
    internal static int Size
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            CudaAsm.Emit("mov.u32 %0, %%cluster_nctarank;", out int size);
            return size;
        }
    }

    /// <summary>The group's place in its pair.</summary>
    internal static int Rank
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            CudaAsm.Emit("mov.u32 %0, %%cluster_ctarank;", out int rank);
            return rank;
        }
    }

    /// <summary>Where a group of the pair has what the own group has at an address of shared memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint Find(uint address, int rank)
    {
        CudaAsm.Emit("mapa.shared::cluster.u32 %0, %1, %2;", out uint found, address, rank);
        return found;
    }

    /// <summary>All threads of both groups meet, in whatever order those of a warp come.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Meet() => CudaAsm.Emit("barrier.cluster.arrive.release; barrier.cluster.wait.acquire;");
}

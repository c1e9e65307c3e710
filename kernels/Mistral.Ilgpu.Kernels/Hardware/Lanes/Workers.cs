using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.IR.Intrinsics;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Hardware.Lanes;

/// <summary>
/// How the groups of a launch share the items of a link. Each takes the next few that are free, and waits at the end for those
/// that others took. No group waits for one that has not begun, because that one has taken nothing. So all it needs of a device
/// is that a group that runs goes on running, as threads of a CPU do.
/// </summary>
public static class Workers
{
    /// <summary>Ints between the counters of two links: taken and done, each with a cache line of its own.</summary>
    public const int CounterInts = 32;

    // Times that a worker takes items, if all are as fast. Few, because memory is fastest in long stretches, but enough that all
    // end together.
    private const int Takes = 4;

    /// <summary>Does all items of a link.</summary>
    /// <param name="counters">Zeros before the launch.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Share<TLink>(TLink link, ArrayView<int> counters, int at)
        where TLink : struct, ILink
    {
        int items = (int)link.Items;
        int atOnce = IntrinsicMath.Max(1, items / (Grid.DimX * Takes));
        int done = 0;
        int first = Add(ref counters[at], atOnce);
        while (first < items)
        {
            int end = IntrinsicMath.Min(first + atOnce, items);
            for (int item = first; item < end; item++)
            {
                link.Do(item);
            }

            done += end - first;
            first = Add(ref counters[at], atOnce);
        }

        Await(ref counters[at + (CounterInts / 2)], done, items);
    }

    /// <summary>Adds to a counter.</summary>
    /// <returns>What it was before.</returns>
    [OpenCl("result = atomic_add((volatile global int*)counter_at, amount);"), IntrinsicImplementation]
    public static int Add(ref int counter, int amount) => Interlocked.Add(ref counter, amount) - amount;

    /// <summary>Adds to a counter what this worker did, and waits until it says that all is done and can be seen. Without pauses,
    /// which a virtual machine may take for a reason to run another.</summary>
    [OpenCl("""
        mem_fence(CLK_GLOBAL_MEM_FENCE); atomic_add((volatile global int*)counter_at, amount);
        while (load_acquire((volatile global int*)counter_at) < all) { }
        mem_fence(CLK_GLOBAL_MEM_FENCE);
        """), IntrinsicImplementation]
    public static void Await(ref int counter, int amount, int all)
    {
        Interlocked.Add(ref counter, amount);
        while (Volatile.Read(ref counter) < all)
        {
            Thread.SpinWait(1);
        }
    }
}

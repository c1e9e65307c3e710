using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Contract;

/// <summary>
/// One work item's share of equal items: First, First + Count, First + 2·Count and so on. A kernel gets its share as an argument
/// where there is one, because to ask ILGPU's CPU accelerator for it takes a microsecond.
/// </summary>
public readonly record struct WorkShare(long First, long Count)
{
    public static WorkShare Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(WorkItems.First, WorkItems.Count);
    }

    /// <summary>
    /// The share of items from <paramref name="first"/> to below <paramref name="end"/> where each work item takes neighbours. So
    /// two never write to one line of a cache.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (long First, long End) Neighbours(long first, long end)
    {
        long most = (end - first + Count - 1) / Count;
        long from = first + (First * most);
        return (from, Math.Min(from + most, end));
    }

    /// <summary>Shares for each thread of a product of so many weights, see
    /// <see cref="ISharedKernel.SharesPerThread"/>.</summary>
    public static int PerThread(long weights)
    {
        const long WeightsOfShare = 1 << 19;
        const int Most = 16;
        return (int)Math.Clamp(weights / WeightsOfShare, 1, Most);
    }
}

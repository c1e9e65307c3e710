using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// Turns queries and keys to their absolute positions (see <see cref="Rotary"/>; Mistral's pairing: elements 2i and 2i+1 of a
/// head), queries in place. Rounds keys and values to the cache's format. A decoded token's go straight into its ring, because
/// they evict only the key that just left its window. A prompt's go into the fresh tiles, because its last tokens would evict
/// what its first ones need. A key reads the same wherever it lies. Work is shared by run.
/// </summary>
public readonly record struct Rope<TCache, TElement>(
    AttentionInput<TElement> Input, ArrayView<ulong> Frequencies, RowRange Rows) : ISharedKernel, ILink
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    public long Items => (long)(Rows.End(Input.State) - Rows.First(Input.State)) * RotatedRun<TCache, TElement>.Count(Input);

    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        long items = Items;
        for (long item = share.First; item < items; item += share.Count)
        {
            Do(item);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Do(long item)
    {
        int runs = RotatedRun<TCache, TElement>.Count(Input);
        RotatedRun<TCache, TElement>.Do(Input, Frequencies, Rows.First(Input.State) + (int)(item / runs), (int)(item % runs));
    }
}

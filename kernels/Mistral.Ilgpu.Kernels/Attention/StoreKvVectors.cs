using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Vectors;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// <see cref="StoreKv{TCache,TElement}"/> for the CPU accelerator. Work is shared by a fresh tile's kv heads. Tiles that are kept
/// whole are copied at once.
/// </summary>
/// <param name="Ring">Positions in a ring.</param>
[CpuForm(Vectors.Reason)]
public readonly record struct StoreKvVectors<TCache, TElement>(AttentionInput<TElement> Input, int Ring) : ISharedKernel
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    private const int Length = TileLayout.Length;

    public void Execute() => Execute(WorkShare.Current);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(WorkShare share)
    {
        int headDim = Input.HeadDim;
        long count = (long)Input.State.FreshTileCount * Input.KvHeads;
        for (long i = share.First; i < count; i += share.Count)
        {
            int fresh = (int)(i / Input.KvHeads);
            int kvHead = (int)(i % Input.KvHeads);
            var tile = Input.State.FreshTile(fresh);
            int to = Input.Table.Find(tile.Sequence, tile.Tile);
            // The first lane that is kept, and the one behind the last.
            int first = Math.Max(0, Math.Max(tile.Start, tile.End - Ring) - (tile.Tile * Length));
            int end = Math.Min(Length, tile.End - (tile.Tile * Length));
            long from = TileLayout.At(fresh, Input.KvHeads, kvHead, headDim);
            long at = TileLayout.At(to, Input.KvHeads, kvHead, headDim);
            CopyKeys(Input.Fresh.Keys, from, Input.Ring.Keys, at, headDim, first, end);
            Copy(Input.Fresh.Values, from + (first * headDim), Input.Ring.Values, at + (first * headDim), (end - first) * headDim);
            if (TCache.IsScaled)
            {
                int runs = headDim / TileLayout.Run;
                from = TileLayout.ScalesAt(fresh, Input.KvHeads, kvHead, headDim);
                at = TileLayout.ScalesAt(to, Input.KvHeads, kvHead, headDim);
                CopyKeys(Input.Fresh.KeyScales, from, Input.Ring.KeyScales, at, runs, first, end);
                Copy(
                    Input.Fresh.ValueScales, from + (first * runs), Input.Ring.ValueScales, at + (first * runs),
                    (end - first) * runs);
            }
        }
    }

    // Keys have a row of lanes for each element, or run, of a head.
    private static void CopyKeys<T>(ArrayView<T> keys, long from, ArrayView<T> ring, long at, int rows, int first, int end)
        where T : unmanaged
    {
        if (end - first == Length)
        {
            Copy(keys, from, ring, at, rows * Length);
            return;
        }

        for (int row = 0; row < rows; row++)
        {
            Copy(keys, from + (row * Length) + first, ring, at + (row * Length) + first, end - first);
        }
    }

    private static void Copy<T>(ArrayView<T> from, long first, ArrayView<T> to, long at, int count)
        where T : unmanaged
    {
        if (count > 0)
        {
            MemoryMarshal.CreateReadOnlySpan(ref from[first], count).CopyTo(MemoryMarshal.CreateSpan(ref to[at], count));
        }
    }
}

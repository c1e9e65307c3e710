using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// Cache rotation: what was fresh goes to its slots in the rings, once the attention of this pass has read what it evicts. Of
/// more fresh positions than a ring holds only the last are written, so no slot is written twice. A tile of fresh keys has the
/// layout of the ring's, so this copies as the bits lie. Work is shared by element of a tile.
/// </summary>
/// <param name="Ring">Positions in a ring.</param>
public readonly record struct StoreKv<TCache, TElement>(AttentionInput<TElement> Input, int Ring) : ISharedKernel
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    private const int Lanes = TileLayout.Length;

    public void Execute() => Execute(WorkShare.Current);

    public void Execute(WorkShare share)
    {
        int perHead = Lanes * Input.HeadDim;
        int perTile = Input.KvHeads * perHead;
        long count = (long)Input.State.FreshTileCount * perTile;
        for (long i = share.First; i < count; i += share.Count)
        {
            int fresh = (int)(i / perTile);
            int element = (int)(i % perTile);
            var tile = Input.State.FreshTile(fresh);
            long to = ((long)Input.Table.Find(tile.Sequence, tile.Tile) * perTile) + element;
            if (IsKept(tile, element % Lanes))
            {
                Input.Ring.Keys[to] = Input.Fresh.Keys[i];
            }

            if (IsKept(tile, element % perHead / Input.HeadDim))
            {
                Input.Ring.Values[to] = Input.Fresh.Values[i];
            }

            if (TCache.IsScaled && element % TileLayout.Run == 0)
            {
                StoreScale(tile, fresh, element / TileLayout.Run);
            }
        }
    }

    private void StoreScale(FreshTile tile, int fresh, int scale)
    {
        int runs = Input.HeadDim / TileLayout.Run;
        int perTile = Input.KvHeads * Lanes * runs;
        long from = ((long)fresh * perTile) + scale;
        long to = ((long)Input.Table.Find(tile.Sequence, tile.Tile) * perTile) + scale;
        if (IsKept(tile, scale % Lanes))
        {
            Input.Ring.KeyScales[to] = Input.Fresh.KeyScales[from];
        }

        if (IsKept(tile, scale % (Lanes * runs) / runs))
        {
            Input.Ring.ValueScales[to] = Input.Fresh.ValueScales[from];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsKept(FreshTile tile, int lane)
    {
        int position = (tile.Tile * Lanes) + lane;
        return position >= IntrinsicMath.Max(tile.Start, tile.End - Ring) && position < tile.End;
    }
}

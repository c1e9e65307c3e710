using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// Brings a block's queries, keys and values to local memory as floats, eight elements of the cache to an item at a time. Keys
/// before the pass are in the ring, its own in the fresh tiles; one tile may lie in both.
/// </summary>
internal readonly struct PromptStage<TEight, TElement, TBits>
    where TEight : struct, IEightFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
{
    private const int Length = TileLayout.Length;

    private readonly AttentionInput<TElement> _input;
    private readonly AttentionBlock _block;
    private readonly PromptRoom _room;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PromptStage(AttentionInput<TElement> input, AttentionBlock block, PromptRoom room) =>
        (_input, _block, _room) = (input, block, room);

    /// <summary>Behind the last position that a query of the block sees.</summary>
    private int End
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _block.Queries.Position + _block.Queries.Tokens;
    }

    /// <summary>An item's eight positions of one element; zeros where there are none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Eight LoadKeys(int firstTile, int firstElement)
    {
        var keys = default(Eight);
        int tile = firstTile + (Group.IdxX >> 5);
        if (Group.IdxX < 2 * PromptRoom.Keys && tile >= _block.FirstTile && tile < _block.EndTile)
        {
            int within = Group.IdxX & 31;
            int element = firstElement + (within >> 1);
            int half = within & 1;
            int fresh = _block.Queries.Start - (tile * Length) - (8 * half);
            int end = End - (tile * Length) - (8 * half);
            if (fresh > 0)
            {
                keys = Keys(_input.Ring, _input.Table.Find(_block.Queries.Sequence, tile), element, half);
            }

            if (fresh < 8)
            {
                var own = Keys(_input.Fresh, FreshTile(tile), element, half);
                keys = new Eight
                {
                    A = Choose(0, fresh, end, keys.A, own.A),
                    B = Choose(1, fresh, end, keys.B, own.B),
                    C = Choose(2, fresh, end, keys.C, own.C),
                    D = Choose(3, fresh, end, keys.D, own.D),
                    E = Choose(4, fresh, end, keys.E, own.E),
                    F = Choose(5, fresh, end, keys.F, own.F),
                    G = Choose(6, fresh, end, keys.G, own.G),
                    H = Choose(7, fresh, end, keys.H, own.H),
                };
            }
        }

        return keys;
    }

    /// <summary>An item's four elements of one query; of the last one in place of one that does not exist.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Floats4 LoadQueries(int firstElement)
    {
        int query = IntrinsicMath.Min(Group.IdxX >> 2, (_block.Queries.Tokens * _input.Group) - 1);
        int token = query / _input.Group;
        int head = (_block.KvHead * _input.Group) + query - (token * _input.Group);
        long at = ((long)(_block.Queries.FirstToken + token) * _input.QueryStride) + (head * _input.HeadDim) + firstElement;
        return _input.Qkv.Cast<Floats4>()[(at / 4) + (Group.IdxX & 3)];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(Eight keys, Floats4 queries)
    {
        int item = Group.IdxX;
        if (item < 2 * PromptRoom.Keys)
        {
            Put(_room.KeyElements, (((item & 31) >> 1) * PromptRoom.Keys) + ((item >> 5) * Length) + ((item & 1) * 8), keys);
        }

        // The team's four queries side by side.
        var to = _room.Values;
        int query = item >> 2;
        int first = (4 * (((query >> 2) * PromptRoom.Slice) + (4 * (item & 3)))) + (query & 3);
        to[first] = queries.A;
        to[first + 4] = queries.B;
        to[first + 8] = queries.C;
        to[first + 12] = queries.D;
    }

    /// <summary>An item's eight elements of one position; zeros where there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Eight LoadValues(int firstPosition, int positions)
    {
        var values = default(Eight);
        int row = Group.IdxX * 8 / _input.HeadDim;
        int position = firstPosition + row;
        if (row < positions && position < End)
        {
            int piece = Group.IdxX - (row * (_input.HeadDim / 8));
            int tile = position / Length;
            bool isFresh = position >= _block.Queries.Start;
            int found = isFresh ? FreshTile(tile) : _input.Table.Find(_block.Queries.Sequence, tile);
            values = isFresh
                ? Values(_input.Fresh, found, position & (Length - 1), piece)
                : Values(_input.Ring, found, position & (Length - 1), piece);
        }

        return values;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Put(Eight values, int positions)
    {
        if (8 * Group.IdxX < positions * _input.HeadDim)
        {
            Put(_room.Values, 8 * Group.IdxX, values);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(ArrayView<float> to, int at, Eight x)
    {
        to[at] = x.A;
        to[at + 1] = x.B;
        to[at + 2] = x.C;
        to[at + 3] = x.D;
        to[at + 4] = x.E;
        to[at + 5] = x.F;
        to[at + 6] = x.G;
        to[at + 7] = x.H;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Choose(int lane, int fresh, int end, float old, float own) =>
        lane >= end ? 0 : lane < fresh ? old : own;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int FreshTile(int tile) => _block.Queries.FreshTile + tile - (_block.Queries.Start / Length);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Eight Keys(KvTiles<TElement> source, int tile, int element, int half)
    {
        long at = (TileLayout.At(tile, _input.KvHeads, _block.KvHead, _input.HeadDim) / 8) + (2 * element) + half;
        var keys = TEight.Decode(source.Keys.Cast<TBits>()[at]);
        if (TEight.IsScaled)
        {
            long scales = (TileLayout.ScalesAt(tile, _input.KvHeads, _block.KvHead, _input.HeadDim) / 8)
                + (2 * (element / TileLayout.Run)) + half;
            keys *= EightHalves.Decode(source.KeyScales.Cast<Pack>()[scales]);
        }

        return keys;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Eight Values(KvTiles<TElement> source, int tile, int row, int piece)
    {
        int pieces = _input.HeadDim / 8;
        long at = (TileLayout.At(tile, _input.KvHeads, _block.KvHead, _input.HeadDim) / 8) + (row * pieces) + piece;
        var values = TEight.Decode(source.Values.Cast<TBits>()[at]);
        if (TEight.IsScaled)
        {
            long scale = TileLayout.ScalesAt(tile, _input.KvHeads, _block.KvHead, _input.HeadDim)
                + (((row * pieces) + piece) / (TileLayout.Run / 8));
            values *= Float16.Decode(source.ValueScales[scale]);
        }

        return values;
    }
}

using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// A group's part of <see cref="Rope{TCache,TElement}"/> for a decoded token and a kv head, in caches of 16 bits. The queries are
/// turned into the places where the group's outputs will be, because groups of other splits read them too. The split that ends
/// with the token's own key turns it, and puts it and its value in their slot.
/// </summary>
internal readonly struct DecodeTurn<THead>
    where THead : struct, ITensorHead
{
    private readonly AttentionInput<ushort> _input;
    private readonly AttentionBlock _block;
    private readonly AttentionOutput _output;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public DecodeTurn(AttentionInput<ushort> input, AttentionBlock block, AttentionOutput output) =>
        (_input, _block, _output) = (input, block, output);

    /// <summary>The group's items share the pairs of elements; a barrier makes what they write seen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Do(ArrayView<ulong> frequencies)
    {
        int position = _block.Queries.Position;
        int ownTile = position / TileLayout.Length;
        // A slot that the window has just left may be read by another split meanwhile, which masks it.
        bool hasOwn = ownTile < _block.EndTile;
        int within = position & (TileLayout.Length - 1);
        int pairs = _input.HeadDim / 2;
        int count = (_input.Group + (hasOwn ? 2 : 0)) * pairs;
        long row = (long)_block.Queries.FirstToken * _input.QueryStride;
        float scale = _input.State.QueryScale(_block.Queries.FirstToken);
        long slot = hasOwn
            ? TileLayout.At(_input.Table.Find(_block.Queries.Sequence, ownTile), _input.KvHeads, _block.KvHead, _input.HeadDim)
            : 0;
        for (int i = Group.IdxX; i < count; i += Group.DimX)
        {
            int head = 2 * i / _input.HeadDim;
            int pair = i - (head * pairs);
            if (head < _input.Group)
            {
                var (x, y) = Turned(row, (_block.KvHead * _input.Group) + head, pair, position, frequencies);
                long to = _output.At + (head * _output.HeadStride) + (2 * pair);
                _output.View[to] = x * scale;
                _output.View[to + 1] = y * scale;
            }
            else if (head == _input.Group)
            {
                var (x, y) = Turned(row, _input.Heads + _block.KvHead, pair, position, frequencies);
                StorePair(_input.Ring.Keys, slot + (2 * pair * TileLayout.Length) + within, TileLayout.Length, THead.Pair(x, y));
            }
            else
            {
                long at = row + ((_input.Heads + _input.KvHeads + _block.KvHead) * _input.HeadDim) + (2 * pair);
                StorePair(
                    _input.Ring.Values, slot + (within * _input.HeadDim) + (2 * pair), 1,
                    THead.Pair(_input.Qkv[at], _input.Qkv[at + 1]));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (float X, float Y) Turned(long row, int head, int pair, int position, ArrayView<ulong> frequencies)
    {
        long at = row + (head * _input.HeadDim) + (2 * pair);
        return Rotary.Rotate(_input.Qkv[at], _input.Qkv[at + 1], Rotary.Turn(position, frequencies[pair]));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StorePair(ArrayView<ushort> to, long at, int step, uint pair)
    {
        to[at] = (ushort)pair;
        to[at + step] = (ushort)(pair >> 16);
    }
}

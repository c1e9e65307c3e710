using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// A block of attention by a group through shared memory, tile of keys by tile. All items decode the tile's keys. Then they score
/// the block's queries, one (query, key) each. One item per query takes its scores into the running maximum and sum, while all
/// decode the tile's values over the keys. Then all add the weighted values to the outputs, one (query, element) each. The sums
/// of a query do not depend on the others of the block nor on the group's size. Group size: at least <see cref="Rows"/>. An item
/// writes and reads the same outputs throughout.
/// </summary>
/// <typeparam name="TRoom">Elements of a head at most: 64 bytes of shared memory for each, and 1.2 KiB.</typeparam>
internal readonly struct AttentionGroup<TCache, TElement, TRoom>
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
    where TRoom : struct, IHeadRoom
{
    /// <summary>Queries worked on at once; a block of more takes several rounds.</summary>
    public const int Rows = 16;

    private const int Lanes = TileLayout.Length;

    private readonly AttentionInput<TElement> _input;
    // Keys until they are scored, then values.
    private readonly ArrayView<float> _tile;
    private readonly ArrayView<float> _weights;
    private readonly ArrayView<float> _max;
    private readonly ArrayView<float> _sum;
    private readonly ArrayView<float> _keep;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public AttentionGroup(AttentionInput<TElement> input)
    {
        _input = input;
        _tile = SharedMemory.Allocate<float>(Lanes * TRoom.Elements);
        _weights = SharedMemory.Allocate<float>(Rows * Lanes);
        _max = SharedMemory.Allocate<float>(Rows);
        _sum = SharedMemory.Allocate<float>(Rows);
        _keep = SharedMemory.Allocate<float>(Rows);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Attend(AttentionBlock block, AttentionOutput output)
    {
        int queries = block.Queries.Tokens * _input.Group;
        for (int first = 0; first < queries; first += Rows)
        {
            int rows = IntrinsicMath.Min(Rows, queries - first);
            Begin(output, first, rows);
            for (int tile = block.FirstTile; tile < block.EndTile; tile++)
            {
                Group.Barrier();
                Load(block, tile, isKeys: true);
                Group.Barrier();
                Score(block, first, rows);
                Group.Barrier();
                // In this order: in the other one PoCL 3.1 makes wrong sums.
                Weigh(block, tile, first, rows);
                Load(block, tile, isKeys: false);
                Group.Barrier();
                Add(output, first, rows);
            }

            Group.Barrier();
            Finish(output, first, rows);
            Group.Barrier();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private long OutputAt(AttentionOutput output, int query) =>
        output.At + ((long)(query / _input.Group) * output.TokenStride) + (query % _input.Group * output.HeadStride);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Begin(AttentionOutput output, int first, int rows)
    {
        if (Group.IdxX < rows)
        {
            _max[Group.IdxX] = AttentionScore.Masked;
            _sum[Group.IdxX] = 0;
        }

        for (int i = Group.IdxX; i < rows * _input.HeadDim; i += Group.DimX)
        {
            output.View[OutputAt(output, first + (i / _input.HeadDim)) + (i % _input.HeadDim)] = 0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Load(AttentionBlock block, int tile, bool isKeys)
    {
        var queries = block.Queries;
        var headDim = _input.HeadDim;
        int first = tile * Lanes;
        int end = queries.Position + queries.Tokens - first;
        int fresh = queries.Start - first;
        int ringTile = fresh > 0 ? _input.Table.Find(queries.Sequence, tile) : 0;
        int freshTile = queries.FreshTile + tile - (queries.Start / Lanes);
        for (int i = Group.IdxX; i < headDim * Lanes; i += Group.DimX)
        {
            int lane = isKeys ? i & (Lanes - 1) : i / headDim;
            _tile[i] = lane >= end ? 0
                : lane < fresh ? Element(_input.Ring, ringTile, block.KvHead, i, isKeys)
                : Element(_input.Fresh, freshTile, block.KvHead, i, isKeys);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Element(KvTiles<TElement> source, int tile, int kvHead, int i, bool isKey) =>
        isKey ? Key(source, tile, kvHead, i) : Value(source, tile, kvHead, i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Key(KvTiles<TElement> source, int tile, int kvHead, int i)
    {
        float key = TCache.Decode(source.Keys[TileLayout.At(tile, _input.KvHeads, kvHead, _input.HeadDim) + i]);
        if (TCache.IsScaled)
        {
            long scalesAt = TileLayout.ScalesAt(tile, _input.KvHeads, kvHead, _input.HeadDim);
            key *= Float16.Decode(source.KeyScales[scalesAt + (i / Lanes / TileLayout.Run * Lanes) + (i & (Lanes - 1))]);
        }

        return key;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private float Value(KvTiles<TElement> source, int tile, int kvHead, int i)
    {
        float value = TCache.Decode(source.Values[TileLayout.At(tile, _input.KvHeads, kvHead, _input.HeadDim) + i]);
        if (TCache.IsScaled)
        {
            long scalesAt = TileLayout.ScalesAt(tile, _input.KvHeads, kvHead, _input.HeadDim);
            value *= Float16.Decode(source.ValueScales[scalesAt + (i / TileLayout.Run)]);
        }

        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Score(AttentionBlock block, int first, int rows)
    {
        for (int i = Group.IdxX; i < rows * Lanes; i += Group.DimX)
        {
            int query = first + (i / Lanes);
            int lane = i & (Lanes - 1);
            long at = ((long)(block.Queries.FirstToken + (query / _input.Group)) * _input.QueryStride)
                + (((block.KvHead * _input.Group) + (query % _input.Group)) * _input.HeadDim);
            float score = 0;
            for (int d = 0; d < _input.HeadDim; d++)
            {
                score += _input.Qkv[at + d] * _tile[(d * Lanes) + lane];
            }

            _weights[i] = score * _input.Scale;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Weigh(AttentionBlock block, int tile, int first, int rows)
    {
        int row = Group.IdxX;
        if (row < rows)
        {
            int position = block.Queries.Position + ((first + row) / _input.Group);
            int last = position - (tile * Lanes);
            int firstLane = last - _input.Window + 1;
            float before = _max[row];
            float max = before;
            for (int lane = 0; lane < Lanes; lane++)
            {
                float score = lane >= firstLane && lane <= last ? _weights[(row * Lanes) + lane] : AttentionScore.Masked;
                _weights[(row * Lanes) + lane] = score;
                max = IntrinsicMath.Max(max, score);
            }

            float sum = 0;
            for (int lane = 0; lane < Lanes; lane++)
            {
                float score = _weights[(row * Lanes) + lane];
                float weight = score > AttentionScore.Masked ? SoftmaxExp.Of(score - max) : 0;
                _weights[(row * Lanes) + lane] = weight;
                sum += weight;
            }

            float keep = SoftmaxExp.Of(before - max);
            _keep[row] = keep;
            _max[row] = max;
            _sum[row] = (_sum[row] * keep) + sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(AttentionOutput output, int first, int rows)
    {
        var headDim = _input.HeadDim;
        for (int i = Group.IdxX; i < rows * headDim; i += Group.DimX)
        {
            int row = i / headDim;
            int d = i % headDim;
            long at = OutputAt(output, first + row) + d;
            float sum = output.View[at] * _keep[row];
            for (int lane = 0; lane < Lanes; lane++)
            {
                sum += _weights[(row * Lanes) + lane] * _tile[(lane * headDim) + d];
            }

            output.View[at] = sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Finish(AttentionOutput output, int first, int rows)
    {
        var headDim = _input.HeadDim;
        for (int i = Group.IdxX; i < rows * headDim; i += Group.DimX)
        {
            int row = i / headDim;
            long at = OutputAt(output, first + row);
            if (!output.IsPart)
            {
                output.View[at + (i % headDim)] *= 1 / _sum[row];
            }
            else if (i % headDim == 0)
            {
                output.View[at + headDim] = _max[row];
                output.View[at + headDim + 1] = _sum[row];
            }
        }
    }
}

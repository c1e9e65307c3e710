using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>A tile's keys and values: positions before the block's start from the ring, later ones from the fresh
/// tiles.</summary>
internal readonly struct QuadTile<TCache, TElement>
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    private const int Lanes = TileLayout.Length;

    /// <summary>Lanes that hold keys.</summary>
    public readonly int End;

    private readonly int _fresh;
    private readonly int _quadsPerValue;
    private readonly Side _ring;
    private readonly Side _new;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public QuadTile(AttentionInput<TElement> input, AttentionBlock block, int tile)
    {
        var queries = block.Queries;
        int first = tile * Lanes;
        End = IntrinsicMath.Min(Lanes, queries.Position + queries.Tokens - first);
        _fresh = queries.Start - first;
        _quadsPerValue = input.HeadDim / 4;
        // A side that holds none of the tile's keys is never read, and may be any tile.
        _ring = new Side(input, input.Ring, _fresh > 0 ? input.Table.Find(queries.Sequence, tile) : 0, block.KvHead);
        _new = new Side(input, input.Fresh, _fresh < End ? queries.FreshTile + tile - (queries.Start / Lanes) : 0, block.KvHead);
    }

    /// <summary>Element <paramref name="d"/> of four keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Floats4 Key(int d, int quad)
    {
        int fresh = _fresh - (quad * 4);
        if (fresh >= 4)
        {
            return _ring.Key(d, quad);
        }

        var later = _new.Key(d, quad);
        if (fresh <= 0)
        {
            return later;
        }

        var earlier = _ring.Key(d, quad);
        return new Floats4
        {
            A = earlier.A,
            B = fresh > 1 ? earlier.B : later.B,
            C = fresh > 2 ? earlier.C : later.C,
            D = later.D,
        };
    }

    /// <summary>Four elements of one value. What lies behind the last key is weighed with 0 and must be a number: the last
    /// one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Floats4 Value(int four, int lane)
    {
        lane = IntrinsicMath.Min(lane, End - 1);
        int at = (lane * _quadsPerValue) + four;
        return lane < _fresh ? _ring.Value(at) : _new.Value(at);
    }

    /// <summary>One kv head's part of one tile in memory.</summary>
    private readonly struct Side
    {
        private readonly ArrayView<Quad<TElement>> _keys;
        private readonly ArrayView<Quad<TElement>> _values;
        private readonly ArrayView<ushort> _keyScales;
        private readonly ArrayView<ushort> _valueScales;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Side(AttentionInput<TElement> input, KvTiles<TElement> tiles, int tile, int kvHead)
        {
            int length = Lanes * input.HeadDim;
            long at = TileLayout.At(tile, input.KvHeads, kvHead, input.HeadDim);
            _keys = tiles.Keys.SubView(at, length).Cast<Quad<TElement>>();
            _values = tiles.Values.SubView(at, length).Cast<Quad<TElement>>();
            long scalesAt = TCache.IsScaled ? TileLayout.ScalesAt(tile, input.KvHeads, kvHead, input.HeadDim) : 0;
            _keyScales = tiles.KeyScales.SubView(scalesAt, TCache.IsScaled ? length / TileLayout.Run : 1);
            _valueScales = tiles.ValueScales.SubView(scalesAt, TCache.IsScaled ? length / TileLayout.Run : 1);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Floats4 Key(int d, int quad)
        {
            var key = Decode(_keys[(d * (Lanes / 4)) + quad]);
            if (TCache.IsScaled)
            {
                int at = (d / TileLayout.Run * Lanes) + (quad * 4);
                key.A *= Float16.Decode(_keyScales[at]);
                key.B *= Float16.Decode(_keyScales[at + 1]);
                key.C *= Float16.Decode(_keyScales[at + 2]);
                key.D *= Float16.Decode(_keyScales[at + 3]);
            }

            return key;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Floats4 Value(int at)
        {
            var value = Decode(_values[at]);
            if (TCache.IsScaled)
            {
                float scale = Float16.Decode(_valueScales[at / (TileLayout.Run / 4)]);
                value.A *= scale;
                value.B *= scale;
                value.C *= scale;
                value.D *= scale;
            }

            return value;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Floats4 Decode(Quad<TElement> quad) => new()
        {
            A = TCache.Decode(quad.A),
            B = TCache.Decode(quad.B),
            C = TCache.Decode(quad.C),
            D = TCache.Decode(quad.D),
        };
    }
}

using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// A decoded token's queries, key and value of a kv head, two neighbouring elements at a time: turned to its position, and
/// rounded as the cache holds them (<see cref="RotatedRun{TCache,TElement}"/>). A run that shares a scale is the pairs of one
/// team.
/// </summary>
internal readonly struct TokenPairs<TEight, TElement, TBits>
    where TEight : struct, IEightFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
{
    private readonly AttentionInput<TElement> _input;
    private readonly ArrayView<ulong> _frequencies;
    private readonly int _kvHead;
    private readonly int _position;
    private readonly int _sequence;
    private readonly long _row;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TokenPairs(AttentionInput<TElement> input, ArrayView<ulong> frequencies, QueryTile token, int kvHead)
    {
        (_input, _frequencies, _kvHead) = (input, frequencies, kvHead);
        (_position, _sequence) = (token.Position, token.Sequence);
        _row = (long)token.FirstToken * input.QueryStride;
    }

    /// <summary>A pair of a query, times <paramref name="scale"/>.</summary>
    /// <param name="head">Among those of the kv head.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Floats2 Query(int head, int pair, float scale)
    {
        var (x, y) = Turned((_kvHead * _input.Group) + head, pair);
        return new Floats2 { A = x * scale, B = y * scale };
    }

    /// <summary>Pair <paramref name="item"/> of the key, or past its pairs of the value, as a reader of the cache will find
    /// it. Every item of the group calls it; those past the end repeat the last pair.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Floats2 Rounded(int item)
    {
        var (x, y) = Source(item);
        var (inverse, _, factor) = ScaleOf(x, y);
        return new Floats2
        {
            A = TEight.Decode(TEight.Encode(x * inverse)) * factor,
            B = TEight.Decode(TEight.Encode(y * inverse)) * factor,
        };
    }

    /// <summary>Puts such a pair in its slot of the ring. Every item of the group calls it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(int item)
    {
        const int Length = TileLayout.Length;
        int headDim = _input.HeadDim;
        var (x, y) = Source(item);
        var (inverse, scale, _) = ScaleOf(x, y);
        bool isKey = item < headDim / 2;
        int element = 2 * (isKey ? item : item - (headDim / 2));
        int within = _position & (Length - 1);
        int tile = _input.Table.Find(_sequence, _position / Length);
        long slot = TileLayout.At(tile, _input.KvHeads, _kvHead, headDim);
        long scaleAt = TileLayout.ScalesAt(tile, _input.KvHeads, _kvHead, headDim);
        int run = element / TileLayout.Run;
        if (isKey)
        {
            long at = slot + (element * Length) + within;
            _input.Ring.Keys[at] = TEight.Encode(x * inverse);
            _input.Ring.Keys[at + Length] = TEight.Encode(y * inverse);
            if (TEight.IsScaled && element % TileLayout.Run == 0)
            {
                _input.Ring.KeyScales[scaleAt + (run * Length) + within] = scale;
            }
        }
        else if (item < headDim)
        {
            long at = slot + (within * headDim) + element;
            _input.Ring.Values[at] = TEight.Encode(x * inverse);
            _input.Ring.Values[at + 1] = TEight.Encode(y * inverse);
            if (TEight.IsScaled && element % TileLayout.Run == 0)
            {
                _input.Ring.ValueScales[scaleAt + (within * (headDim / TileLayout.Run)) + run] = scale;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (float X, float Y) Source(int item)
    {
        int pairs = _input.HeadDim / 2;
        item = IntrinsicMath.Min(item, (2 * pairs) - 1);
        if (item < pairs)
        {
            return Turned(_input.Heads + _kvHead, item);
        }

        long at = _row + ((_input.Heads + _input.KvHeads + _kvHead) * _input.HeadDim) + (2 * (item - pairs));
        return (_input.Qkv[at], _input.Qkv[at + 1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private (float X, float Y) Turned(int head, int pair)
    {
        long at = _row + (head * _input.HeadDim) + (2 * pair);
        return Rotary.Rotate(_input.Qkv[at], _input.Qkv[at + 1], Rotary.Turn(_position, _frequencies[pair]));
    }

    /// <summary>What a run's elements are multiplied by before they are rounded, its scale in bits, and the scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (float Inverse, ushort Scale, float Factor) ScaleOf(float x, float y)
    {
        if (!TEight.IsScaled)
        {
            return (1, 0, 1);
        }

        float max = Wave.Max16(IntrinsicMath.Max(XMath.Abs(x), XMath.Abs(y)));
        // A run whose scale is no half above zero is zeros.
        ushort scale = Float16.Encode(max / 127);
        return (scale > 0 ? 127 / max : 0, scale, Float16.Decode(scale));
    }
}

using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// A group's part of <see cref="Rope{TCache,TElement}"/> for a decoded token and some heads of a kv head, in caches of eight
/// bits. Queries are turned and brought to 16 bits with a scale for each run, in shared memory, as a byte and a byte for what
/// that leaves. The split that ends with the token's own key turns it, and puts it and its value in their slot. A run is the
/// pairs of one team of lanes.
/// </summary>
/// <example>max |q| = 254, q = 101: scale 2, bytes 51 and −128, because 101 / 2 = 51 − 128 / 256.</example>
internal readonly struct QuantTurn<THead>
    where THead : struct, IQuantHead
{
    // Of scores, which are in powers of two.
    private const float Log2E = 1.44269504f;

    private readonly AttentionInput<sbyte> _input;
    private readonly AttentionBlock _block;
    private readonly uint _queries;
    private readonly uint _scales;

    /// <param name="queries">Room for <see cref="QueryBytes"/> of each head.</param>
    /// <param name="scales">Room for a float of each run of each head.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public QuantTurn(AttentionInput<sbyte> input, AttentionBlock block, uint queries, uint scales) =>
        (_input, _block, _queries, _scales) = (input, block, queries, scales);

    /// <summary>Bytes of a head's queries: of each run, four lanes' factors of a multiplication.</summary>
    public static int QueryBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => THead.Runs * QuantRun.QueryBytes;
    }

    /// <summary>The group's items share the pairs of elements; a barrier makes what they write seen. Every item calls
    /// it.</summary>
    /// <param name="firstHead">Of the heads, among those of all kv heads.</param>
    /// <param name="heads">How many heads.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Do(ArrayView<ulong> frequencies, int firstHead, int heads)
    {
        int position = _block.Queries.Position;
        int pairs = _input.HeadDim / 2;
        bool hasOwn = position / TileLayout.Length < _block.EndTile;
        int count = (heads + (hasOwn ? 2 : 0)) * pairs;
        long row = (long)_block.Queries.FirstToken * _input.QueryStride;
        float scale = _input.State.QueryScale(_block.Queries.FirstToken);
        for (int first = 0; first < count; first += Group.DimX)
        {
            // Items past the end repeat the last pair, because all of a warp exchange values.
            int item = first + Group.IdxX;
            bool exists = item < count;
            item = IntrinsicMath.Min(item, count - 1);
            int head = 2 * item / _input.HeadDim;
            int pair = item - (head * pairs);
            bool isQuery = head < heads;
            bool isKey = head == heads;
            int source = isQuery ? firstHead + head
                : isKey ? _input.Heads + _block.KvHead : _input.Heads + _input.KvHeads + _block.KvHead;
            long at = row + (source * _input.HeadDim) + (2 * pair);
            var (x, y) = (_input.Qkv[at], _input.Qkv[at + 1]);
            if (isQuery || isKey)
            {
                (x, y) = Rotary.Rotate(x, y, Rotary.Turn(position, frequencies[pair]));
            }

            (x, y) = isQuery ? (x * scale, y * scale) : (x, y);
            float max = Wave.Max16(IntrinsicMath.Max(XMath.Abs(x), XMath.Abs(y)));
            if (exists && isQuery)
            {
                PutQuery(head, pair, x, y, max);
            }
            else if (exists)
            {
                StoreOwn(isKey, pair, x, y, max);
            }
        }
    }

    // The order of elements is that of QuantRun.Score.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PutQuery(int head, int pair, float x, float y, float max)
    {
        int run = (head * THead.Runs) + (pair / (TileLayout.Run / 2));
        // A run whose inverse would be no number is zeros.
        float inverse = max > 1e-30f ? 127 / max : 0;
        (x, y) = (x * inverse, y * inverse);
        sbyte first = Int8Cache.Encode(x), second = Int8Cache.Encode(y);
        uint at = _queries + (uint)((run * QuantRun.QueryBytes) + ((pair & 3) * 16) + ((pair & 8)) + ((pair & 4) / 2));
        TensorShared.StoreHalf(at, Both(first, second));
        TensorShared.StoreHalf(at + sizeof(uint), Both(Rest(x - first), Rest(y - second)));
        if ((pair & ((TileLayout.Run / 2) - 1)) == 0)
        {
            TensorShared.Store(_scales + (uint)(run * sizeof(float)), max / 127 * _input.Scale * Log2E);
        }
    }

    // Half a step of the first byte is 128 of the second.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static sbyte Rest(float rest) => Int8Cache.Encode(IntrinsicMath.Min(rest * 256, 127));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Both(sbyte first, sbyte second) => (uint)(first & 255) | ((uint)(second & 255) << 8);

    // As RotatedRun does.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void StoreOwn(bool isKey, int pair, float x, float y, float max)
    {
        const int Length = TileLayout.Length;
        int position = _block.Queries.Position;
        int within = position & (Length - 1);
        int tile = _input.Table.Find(_block.Queries.Sequence, position / Length);
        long slot = TileLayout.At(tile, _input.KvHeads, _block.KvHead, _input.HeadDim);
        long scaleAt = TileLayout.ScalesAt(tile, _input.KvHeads, _block.KvHead, _input.HeadDim);
        int run = pair / (TileLayout.Run / 2);
        // A run whose scale is no half above zero is zeros.
        ushort scale = Float16.Encode(max / 127);
        float inverse = scale > 0 ? 127 / max : 0;
        sbyte first = Int8Cache.Encode(x * inverse), second = Int8Cache.Encode(y * inverse);
        bool isFirst = (pair & ((TileLayout.Run / 2) - 1)) == 0;
        if (isKey)
        {
            long at = slot + (2 * pair * Length) + within;
            _input.Ring.Keys[at] = first;
            _input.Ring.Keys[at + Length] = second;
            if (isFirst)
            {
                _input.Ring.KeyScales[scaleAt + (run * Length) + within] = scale;
            }
        }
        else
        {
            long at = slot + (within * _input.HeadDim) + (2 * pair);
            _input.Ring.Values[at] = first;
            _input.Ring.Values[at + 1] = second;
            if (isFirst)
            {
                _input.Ring.ValueScales[scaleAt + (within * THead.Runs) + run] = scale;
            }
        }
    }
}

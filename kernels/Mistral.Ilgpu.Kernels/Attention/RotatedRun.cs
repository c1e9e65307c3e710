using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Kernels.Attention;

/// <summary>
/// Turns the elements of a token's queries and keys to its position. Multiplies its queries by their scale
/// (<see cref="Contract.StepState.QueryScale"/>), and puts its keys and values into tiles. It takes a run at a time, the elements
/// that share a scale, so no work item needs another's.
/// </summary>
internal static class RotatedRun<TCache, TElement>
    where TCache : struct, ICacheFormat<TElement>
    where TElement : unmanaged
{
    /// <summary>Elements of a run: head sizes are a multiple of it.</summary>
    public static int Length
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TCache.IsScaled ? TileLayout.Run : 16;
    }

    /// <summary>Runs in a token's row of queries, keys and values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Count(AttentionInput<TElement> input) => (input.Heads + (2 * input.KvHeads)) * (input.HeadDim / Length);

    /// <summary>
    /// Does run <paramref name="run"/> of a token's row. Turns it in place if it is of a query or key. Stores it if it is of a
    /// key or value.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Do(AttentionInput<TElement> input, ArrayView<ulong> frequencies, int token, int run)
    {
        int perHead = input.HeadDim / Length;
        int head = run / perHead;
        int element = run % perHead * Length;
        long at = ((long)token * input.QueryStride) + (head * input.HeadDim) + element;
        int position = input.State.Position(token);
        if (head < input.Heads + input.KvHeads)
        {
            Rotate(
                input.Qkv, at, position, frequencies, element / 2, head < input.Heads ? input.State.QueryScale(token) : 1);
        }

        if (head >= input.Heads)
        {
            int fresh = input.State.FreshTileOf(token);
            bool isFresh = fresh >= 0;
            int tile = isFresh ? fresh : input.Table.Find(input.State.Sequence(token), position / TileLayout.Length);
            Store(input, isFresh ? input.Fresh : input.Ring, tile, position, head - input.Heads, element, at);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rotate(
        ArrayView<float> qkv, long at, int position, ArrayView<ulong> frequencies, int firstPair, float scale)
    {
        for (int i = 0; i < Length; i += 2)
        {
            long turn = Rotary.Turn(position, frequencies[firstPair + (i / 2)]);
            var (x, y) = Rotary.Rotate(qkv[at + i], qkv[at + i + 1], turn);
            qkv[at + i] = x * scale;
            qkv[at + i + 1] = y * scale;
        }
    }

    /// <summary>Puts a run of a key or value into its tile.</summary>
    /// <param name="head">Of the keys, then the values.</param>
    /// <param name="element">Where the run starts in the head.</param>
    /// <param name="from">Where it starts in the pass's rows.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(
        AttentionInput<TElement> input, KvTiles<TElement> to, int tile, int position, int head, int element, long from)
    {
        const int Lanes = TileLayout.Length;
        int lane = position % Lanes;
        int runs = input.HeadDim / Length;
        bool isKey = head < input.KvHeads;
        int kvHead = isKey ? head : head - input.KvHeads;
        long at = TileLayout.At(tile, input.KvHeads, kvHead, input.HeadDim)
            + (isKey ? (element * Lanes) + lane : (lane * input.HeadDim) + element);
        long scaleAt = TileLayout.ScalesAt(tile, input.KvHeads, kvHead, input.HeadDim)
            + (isKey ? (element / Length * Lanes) + lane : (lane * runs) + (element / Length));
        Encode(
            input.Qkv, from, isKey ? to.Keys : to.Values, at, isKey ? Lanes : 1, isKey ? to.KeyScales : to.ValueScales, scaleAt);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Encode(
        ArrayView<float> x, long from, ArrayView<TElement> to, long at, int step, ArrayView<ushort> scales, long scaleAt)
    {
        float inverse = 1;
        if (TCache.IsScaled)
        {
            float max = 0;
            for (int i = 0; i < Length; i++)
            {
                max = IntrinsicMath.Max(max, XMath.Abs(x[from + i]));
            }

            // A run whose scale is no half above zero is zeros.
            ushort scale = Float16.Encode(max / 127);
            scales[scaleAt] = scale;
            inverse = scale > 0 ? 127 / max : 0;
        }

        for (int i = 0; i < Length; i++)
        {
            to[at + (i * step)] = TCache.Encode(x[from + i] * inverse);
        }
    }
}

using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Formats;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>The values of a tile, as a lane adds them up, eight positions on their way at once.</summary>
internal readonly struct ValueRows<TEight, TElement, TBits>
    where TEight : struct, IEightFormat<TElement, TBits>
    where TElement : unmanaged
    where TBits : unmanaged
{
    private readonly ArrayView<TBits> _values;
    private readonly ArrayView<ushort> _scales;
    private readonly ArrayView<Floats2> _weights;
    private readonly long _at;
    private readonly long _scalesAt;
    private readonly int _pieces;
    private readonly int _weightsAt;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ValueRows(AttentionInput<TElement> input, int tile, int kvHead, ArrayView<Floats2> weights, int weightsAt)
    {
        int headDim = input.HeadDim;
        _values = input.Ring.Values.Cast<TBits>();
        _scales = input.Ring.ValueScales;
        (_weights, _weightsAt) = (weights, weightsAt);
        _pieces = headDim / 8;
        _at = TileLayout.At(tile, input.KvHeads, kvHead, headDim) / 8;
        _scalesAt = TileLayout.ScalesAt(tile, input.KvHeads, kvHead, headDim);
    }

    /// <summary>Adds eight positions from <paramref name="row"/> on; past <paramref name="last"/> with a weight of zero.
    /// </summary>
    /// <param name="step">From one position to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(ref Eight first, ref Eight second, int row, int step, int last, int piece)
    {
        long at = _at + piece;
        var a = _values[at + (IntrinsicMath.Min(row, last) * _pieces)];
        var b = _values[at + (IntrinsicMath.Min(row + step, last) * _pieces)];
        var c = _values[at + (IntrinsicMath.Min(row + (2 * step), last) * _pieces)];
        var d = _values[at + (IntrinsicMath.Min(row + (3 * step), last) * _pieces)];
        var e = _values[at + (IntrinsicMath.Min(row + (4 * step), last) * _pieces)];
        var f = _values[at + (IntrinsicMath.Min(row + (5 * step), last) * _pieces)];
        var g = _values[at + (IntrinsicMath.Min(row + (6 * step), last) * _pieces)];
        var h = _values[at + (IntrinsicMath.Min(row + (7 * step), last) * _pieces)];
        Schedule.Fence();
        Add(ref first, ref second, a, row, last, piece);
        Add(ref first, ref second, b, row + step, last, piece);
        Add(ref first, ref second, c, row + (2 * step), last, piece);
        Add(ref first, ref second, d, row + (3 * step), last, piece);
        Add(ref first, ref second, e, row + (4 * step), last, piece);
        Add(ref first, ref second, f, row + (5 * step), last, piece);
        Add(ref first, ref second, g, row + (6 * step), last, piece);
        Add(ref first, ref second, h, row + (7 * step), last, piece);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(ref Eight first, ref Eight second, TBits bits, int row, int last, int piece)
    {
        bool exists = row <= last;
        row = IntrinsicMath.Min(row, last);
        var weight = _weights[_weightsAt + row];
        if (TEight.IsScaled)
        {
            float scale = Float16.Decode(_scales[_scalesAt + (((row * _pieces) + piece) / (TileLayout.Run / 8))]);
            (weight.A, weight.B) = (weight.A * scale, weight.B * scale);
        }

        var values = TEight.Decode(bits);
        first = Eight.MultiplyAdd(exists ? weight.A : 0, values, first);
        second = Eight.MultiplyAdd(exists ? weight.B : 0, values, second);
    }
}

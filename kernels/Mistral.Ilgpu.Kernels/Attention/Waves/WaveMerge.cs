using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// <see cref="MergeSplits"/> for the heads of a token that share a kv head, by a whole group, up to
/// <see cref="DecodeRoom{TRoom}.Heads"/> of them at once. An item for each head and split finds what the split is multiplied
/// with. Then an item adds up four neighbouring elements, with eight splits on their way at once. Splits are added in order.
/// </summary>
internal readonly struct WaveMerge<TElement>
    where TElement : unmanaged
{
    private readonly AttentionInput<TElement> _input;
    private readonly ArrayView<Floats4> _parts;
    private readonly ArrayView<float> _tails;
    private readonly ArrayView<float> _keeps;
    private readonly ArrayView<float> _sums;
    private readonly long _from;
    private readonly int _splits;

    /// <param name="keeps">Local memory of the group: heads × splits.</param>
    /// <param name="sums">As much again.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public WaveMerge(
        AttentionInput<TElement> input, ArrayView<float> parts, ArrayView<float> keeps, ArrayView<float> sums,
        int token, int kvHead, int splits)
    {
        (_input, _tails, _keeps, _sums, _splits) = (input, parts, keeps, sums, splits);
        _parts = parts.Cast<Floats4>();
        _from = AttentionOutput.Part(input, parts, token, kvHead, 0).At;
    }

    private int PerPart
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _input.HeadDim + DecodeSplits.Tail;
    }

    /// <summary>All items of the group call it; a barrier makes what they find seen.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Begin(int firstHead, int heads)
    {
        for (int i = Group.IdxX; i < heads * DecodeSplits.Most; i += Group.DimX)
        {
            int split = i % DecodeSplits.Most;
            long head = _from + ((long)(firstHead + (i / DecodeSplits.Most)) * DecodeSplits.Most * PerPart) + _input.HeadDim;
            float max = _tails[head];
            for (int other = 1; other < _splits; other++)
            {
                max = IntrinsicMath.Max(max, _tails[head + (other * PerPart)]);
            }

            if (split < _splits)
            {
                long own = head + (split * PerPart);
                _keeps[i] = WaveExp.Of(_tails[own] - max);
                _sums[i] = _tails[own + 1];
            }
        }
    }

    /// <summary>Four neighbours of the token's output.</summary>
    /// <param name="element">The first one's place among those of the heads from <paramref name="firstHead"/> on.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Floats4 Join(int firstHead, int element)
    {
        int head = element / _input.HeadDim;
        int slot = head * DecodeSplits.Most;
        int step = PerPart / 4;
        long at = (_from + ((long)(firstHead + head) * DecodeSplits.Most * PerPart) + (element - (head * _input.HeadDim))) / 4;
        int last = _splits - 1;
        var output = default(Floats4);
        float sum = 0;
        for (int split = 0; split < _splits; split += 8)
        {
            // Past the last split that is loaded again, and added with a weight of zero.
            var a = _parts[at + (split * step)];
            var b = _parts[at + (IntrinsicMath.Min(split + 1, last) * step)];
            var c = _parts[at + (IntrinsicMath.Min(split + 2, last) * step)];
            var d = _parts[at + (IntrinsicMath.Min(split + 3, last) * step)];
            var e = _parts[at + (IntrinsicMath.Min(split + 4, last) * step)];
            var f = _parts[at + (IntrinsicMath.Min(split + 5, last) * step)];
            var g = _parts[at + (IntrinsicMath.Min(split + 6, last) * step)];
            var h = _parts[at + (IntrinsicMath.Min(split + 7, last) * step)];
            Loads.Begun();
            Add(ref output, ref sum, a, slot, split);
            Add(ref output, ref sum, b, slot, split + 1);
            Add(ref output, ref sum, c, slot, split + 2);
            Add(ref output, ref sum, d, slot, split + 3);
            Add(ref output, ref sum, e, slot, split + 4);
            Add(ref output, ref sum, f, slot, split + 5);
            Add(ref output, ref sum, g, slot, split + 6);
            Add(ref output, ref sum, h, slot, split + 7);
        }

        float scale = 1 / sum;
        return new Floats4 { A = output.A * scale, B = output.B * scale, C = output.C * scale, D = output.D * scale };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(ref Floats4 output, ref float sum, Floats4 part, int slot, int split)
    {
        bool exists = split < _splits;
        int from = slot + (exists ? split : 0);
        float keep = exists ? _keeps[from] : 0;
        sum = Fused.MultiplyAdd(keep, _sums[from], sum);
        output = new Floats4
        {
            A = Fused.MultiplyAdd(keep, part.A, output.A),
            B = Fused.MultiplyAdd(keep, part.B, output.B),
            C = Fused.MultiplyAdd(keep, part.C, output.C),
            D = Fused.MultiplyAdd(keep, part.D, output.D),
        };
    }
}

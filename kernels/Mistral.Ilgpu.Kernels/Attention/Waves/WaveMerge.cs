using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Attention.Waves;

/// <summary>
/// Joins the splits of the heads of a token that share a kv head, by a whole group, up to <see cref="Heads"/> of them at once. A
/// team for each head finds what its splits are multiplied with, two to a lane. Then an item adds up four neighbouring elements,
/// with eight splits on their way at once. Splits are added in order.
/// </summary>
internal readonly struct WaveMerge<TElement>
    where TElement : unmanaged
{
    /// <summary>Heads that are joined at once.</summary>
    public const int Heads = Team.Count;

    private readonly AttentionInput<TElement> _input;
    private readonly ArrayView<Floats4> _parts;
    private readonly ArrayView<Floats2> _tails;
    private readonly long _from;
    private readonly int _splits;

    // Heads × splits: what a split is multiplied with, and the sum of its weights.
    private readonly ArrayView<Floats2> _weights;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public WaveMerge(
        AttentionInput<TElement> input, ArrayView<float> parts, int token, int kvHead, int splits)
    {
        (_input, _splits) = (input, splits);
        (_parts, _tails) = (parts.Cast<Floats4>(), parts.Cast<Floats2>());
        _weights = SharedMemory.Allocate<Floats2>(Heads * DecodeSplits.Most);
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
        // Teams past the last head, and lanes past the last split, repeat it. What they find is not read.
        int head = firstHead + IntrinsicMath.Min(Team.Index, heads - 1);
        long tails = _from + ((long)head * DecodeSplits.Most * PerPart) + _input.HeadDim;
        var near = _tails[(tails + (IntrinsicMath.Min(Team.Lane, _splits - 1) * PerPart)) / 2];
        var far = _tails[(tails + (IntrinsicMath.Min(Team.Lane + Team.Lanes, _splits - 1) * PerPart)) / 2];
        float max = Wave.Max16(IntrinsicMath.Max(near.A, far.A));
        int slot = (Team.Index * DecodeSplits.Most) + Team.Lane;
        _weights[slot] = new Floats2 { A = WaveExp.Of(near.A - max), B = near.B };
        _weights[slot + Team.Lanes] = new Floats2 { A = WaveExp.Of(far.A - max), B = far.B };
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
            Schedule.Fence();
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
        var weight = _weights[slot + split];
        float keep = split < _splits ? weight.A : 0;
        sum = Fused.MultiplyAdd(keep, weight.B, sum);
        output = new Floats4
        {
            A = Fused.MultiplyAdd(keep, part.A, output.A),
            B = Fused.MultiplyAdd(keep, part.B, output.B),
            C = Fused.MultiplyAdd(keep, part.C, output.C),
            D = Fused.MultiplyAdd(keep, part.D, output.D),
        };
    }
}

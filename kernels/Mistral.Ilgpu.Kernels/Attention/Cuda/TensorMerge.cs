using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;
using Mistral.Ilgpu.Kernels.Inputs;

namespace Mistral.Ilgpu.Kernels.Attention.Cuda;

/// <summary>
/// <see cref="MergeSplits"/> for the heads of a token that share a kv head, by a whole group. First a warp finds what a head's
/// splits are multiplied with, a lane for each. Then a lane adds up four neighbouring elements, with eight splits on their way at
/// once. The sums and their order are the same as there.
/// </summary>
internal readonly struct TensorMerge
{
    private readonly Divisor _headDim;
    private readonly ArrayView<float> _parts;
    private readonly long _from;
    private readonly int _splits;

    // Heads × splits: what a split is multiplied with, and the sum of its weights.
    private readonly ArrayView<float> _keeps;
    private readonly ArrayView<float> _sums;

    /// <summary>All of the group must call it; what each warp finds is then seen by all.</summary>
    /// <param name="from">Where the first head's first part is.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TensorMerge(Divisor headDim, ArrayView<float> parts, long from, int heads, int splits)
    {
        (_headDim, _parts, _from, _splits) = (headDim, parts, from, splits);
        _keeps = SharedMemory.Allocate<float>(TensorForms.MostDecodeHeads * DecodeSplits.Most);
        _sums = SharedMemory.Allocate<float>(TensorForms.MostDecodeHeads * DecodeSplits.Most);
        for (int head = TensorLane.Warp; head < heads; head += Group.DimX / TensorLane.WarpSize)
        {
            // Lanes past the last split repeat it.
            long tail = _from + (((head * DecodeSplits.Most) + IntrinsicMath.Min(TensorLane.Index, _splits - 1)) * PerPart)
                + _headDim;
            var (max, sum) = (_parts[tail], _parts[tail + 1]);
            int slot = (head * DecodeSplits.Most) + TensorLane.Index;
            _keeps[slot] = SoftmaxExp.Of(max - TensorLane.Max(max));
            _sums[slot] = sum;
        }

        Group.Barrier();
    }

    private int PerPart
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _headDim + DecodeSplits.Tail;
    }

    /// <summary>Four neighbours of the token's output.</summary>
    /// <param name="element">The first one's place among those of the heads.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Floats4 Join(int element)
    {
        int head = element / _headDim;
        int slot = head * DecodeSplits.Most;
        int step = PerPart / PackedRun.PerLane;
        long at = (_from + ((long)slot * PerPart) + (element - (head * _headDim))) / PackedRun.PerLane;
        var parts = _parts.Cast<Floats4>();
        int last = _splits - 1;
        var output = default(Floats4);
        float sum = 0;
        for (int split = 0; split < _splits; split += 8)
        {
            // Past the last split that is loaded again, and not added.
            var a = parts[at + (split * step)];
            var b = parts[at + (IntrinsicMath.Min(split + 1, last) * step)];
            var c = parts[at + (IntrinsicMath.Min(split + 2, last) * step)];
            var d = parts[at + (IntrinsicMath.Min(split + 3, last) * step)];
            var e = parts[at + (IntrinsicMath.Min(split + 4, last) * step)];
            var f = parts[at + (IntrinsicMath.Min(split + 5, last) * step)];
            var g = parts[at + (IntrinsicMath.Min(split + 6, last) * step)];
            var h = parts[at + (IntrinsicMath.Min(split + 7, last) * step)];
            Add(ref output, ref sum, a, slot + split, true);
            Add(ref output, ref sum, b, slot + split + 1, split + 1 <= last);
            Add(ref output, ref sum, c, slot + split + 2, split + 2 <= last);
            Add(ref output, ref sum, d, slot + split + 3, split + 3 <= last);
            Add(ref output, ref sum, e, slot + split + 4, split + 4 <= last);
            Add(ref output, ref sum, f, slot + split + 5, split + 5 <= last);
            Add(ref output, ref sum, g, slot + split + 6, split + 6 <= last);
            Add(ref output, ref sum, h, slot + split + 7, split + 7 <= last);
        }

        float scale = 1 / sum;
        return new Floats4 { A = output.A * scale, B = output.B * scale, C = output.C * scale, D = output.D * scale };
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Add(ref Floats4 output, ref float sum, Floats4 part, int slot, bool exists)
    {
        float keep = _keeps[slot];
        float more = sum + (keep * _sums[slot]);
        float a = output.A + (keep * part.A);
        float b = output.B + (keep * part.B);
        float c = output.C + (keep * part.C);
        float d = output.D + (keep * part.D);
        sum = exists ? more : sum;
        output = new Floats4
        {
            A = exists ? a : output.A,
            B = exists ? b : output.B,
            C = exists ? c : output.C,
            D = exists ? d : output.D
        };
    }
}

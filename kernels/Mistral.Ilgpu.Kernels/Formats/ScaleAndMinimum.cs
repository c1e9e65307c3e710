using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>
/// d, dmin and eight six-bit pairs of scale and minimum in twelve bytes. The first four pairs are the lower bits of bytes 0-3 and
/// 4-7. The others have four bits in bytes 8-11 and their upper two atop the first eight bytes.
/// </summary>
internal static class ScaleAndMinimum
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RunScale Of(ArrayView<ushort> scales, long at, int run)
    {
        float d = Float16.Decode(scales[at]) * Whole(scales, at, run, 0);
        float offset = -(Float16.Decode(scales[at + 1]) * Whole(scales, at, run, 1));
        return new RunScale { Low = d, High = d, LowOffset = offset, HighOffset = offset };
    }

    /// <summary>The scale (0) or the minimum (1) of a run as a whole number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Whole(ArrayView<ushort> scales, long at, int run, int index)
    {
        int within = run & 3;
        int own = Bytes.Of(scales, at + 2 + (2 * index), within);
        int shared = Bytes.Of(scales, at + 6, within) >> (4 * index);
        // Masks, because a branch here keeps compilers from vectorizing what is around it.
        int upper = -(run >> 2);
        return (own & 63 & ~upper) | (((shared & 15) | (own >> 6 << 4)) & upper);
    }
}

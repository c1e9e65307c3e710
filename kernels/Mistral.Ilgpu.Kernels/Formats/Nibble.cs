using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Two quants in a byte: the lower bits are a weight of the first half, the upper ones of the second.</summary>
internal static class Nibble
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of(ArrayView<byte> quants, long at, int upper) => (quants[at] >> (4 * upper)) & 15;
}

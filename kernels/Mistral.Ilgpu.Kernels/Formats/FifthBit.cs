using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Four bits as in <see cref="Nibble"/>, and a fifth in 32 bits before them.</summary>
internal static class FifthBit
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of(ArrayView<byte> quants, long at, int half, int i) =>
        Nibble.Of(quants, at + 4 + i, half) | (((quants[at + (2 * half) + (i >> 3)] >> (i & 7)) & 1) << 4);
}

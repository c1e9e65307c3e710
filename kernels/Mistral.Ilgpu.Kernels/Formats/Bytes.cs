using System.Runtime.CompilerServices;
using ILGPU;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Bytes of 16-bit words.</summary>
internal static class Bytes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of(ArrayView<ushort> words, long at, int index) => (words[at + (index >> 1)] >> (8 * (index & 1))) & 255;
}

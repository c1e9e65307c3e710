using System.Runtime.CompilerServices;

namespace Mistral.Ilgpu.Kernels.Hardware.Lanes;

/// <summary>The values of ggml's non-linear four bits, as bytes of two constants, which need no memory as a table does.</summary>
internal static class UnevenValues
{
    // -127 -104 -83 -65 -49 -35 -22 -10, then 1 13 25 38 53 69 89 113; the first in the lowest byte.
    public const ulong Lower = 0xF6EADDCFBFAD9881;
    public const ulong Upper = 0x7159453526190D01;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int At(int index) => (sbyte)((index < 8 ? Lower : Upper) >> (8 * (index & 7)));
}

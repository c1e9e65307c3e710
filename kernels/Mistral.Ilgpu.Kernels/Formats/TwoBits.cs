using System.Runtime.CompilerServices;
using ILGPU;
using Mistral.Ilgpu.Kernels.Contract;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary>Four quants in a byte: of each 128 weights in 32 bytes, run r of four has the bits 2r and 2r + 1.</summary>
internal static class TwoBits
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Of(ArrayView<byte> quants, long at, int run, int half, int i) =>
        (quants[at + (32 * (run >> 2)) + (half * BlockRun.Half) + i] >> (2 * (run & 3))) & 3;
}

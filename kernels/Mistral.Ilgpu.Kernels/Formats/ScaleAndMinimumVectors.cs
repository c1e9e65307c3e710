using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Mistral.Ilgpu.Kernels.Formats;

/// <summary><see cref="ScaleAndMinimum"/> of eight runs.</summary>
internal static class ScaleAndMinimumVectors
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EightScales Of(ref readonly ushort scales)
    {
        ref byte bytes = ref Unsafe.As<ushort, byte>(ref Unsafe.AsRef(in scales));
        uint first = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref bytes, 4));
        uint second = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref bytes, 8));
        uint third = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref bytes, 12));
        const uint Six = 0x3F3F3F3F;
        const uint Four = 0x0F0F0F0F;
        const uint UpperTwo = 0x30303030;
        ulong scale = (first & Six) | ((ulong)((third & Four) | ((first >> 2) & UpperTwo)) << 32);
        ulong minimum = (second & Six) | ((ulong)(((third >> 4) & Four) | ((second >> 2) & UpperTwo)) << 32);
        float d = Float16.Decode(scales);
        float min = Float16.Decode(Unsafe.Add(ref Unsafe.AsRef(in scales), 1));
        var offsets = Vector256.ConvertToSingle(ScaleVectors.Widened(minimum)) * -min;
        return new EightScales
        {
            Low = Vector256.ConvertToSingle(ScaleVectors.Widened(scale)) * d, LowOffset = offsets, HighOffset = offsets,
        };
    }
}

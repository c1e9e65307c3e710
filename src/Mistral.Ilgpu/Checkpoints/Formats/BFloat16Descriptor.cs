using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="BFloat16"/>.</summary>
internal sealed class BFloat16Descriptor() : ElementDescriptor<BFloat16, ushort, ushort>(0x7FFF, 0x7F80)
{
    public override string StoredName => "BF16";

    public override uint? GgufType => 30;

    public override uint GgufFileType => 32;

    public override void Decode(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        var bits = MemoryMarshal.Cast<float, uint>(values);
        TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, ushort>(blocks), bits);
        TensorPrimitives.ShiftLeft(bits, 16, bits);
    }

    public override void Encode(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        var floats = MemoryMarshal.Cast<float, uint>(values);
        var target = MemoryMarshal.Cast<byte, ushort>(blocks);
        int i = 0;
        for (int step = Vector<uint>.Count; i + (2 * step) <= floats.Length; i += 2 * step)
        {
            var low = Round(new Vector<uint>(floats[i..]));
            var high = Round(new Vector<uint>(floats[(i + step)..]));
            Vector.Narrow(low, high).CopyTo(target[i..]);
        }

        for (; i < floats.Length; i++)
        {
            target[i] = (ushort)Round(new Vector<uint>(floats[i]))[0];
        }

        static Vector<uint> Round(Vector<uint> bits)
        {
            var magnitude = bits & new Vector<uint>(0x7FFF_FFFF);
            var rounded = (bits + new Vector<uint>(0x7FFF) + ((bits >>> 16) & Vector<uint>.One)) >>> 16;
            // NaN must not be rounded up to the bits of infinity or zero.
            return Vector.ConditionalSelect(
                Vector.GreaterThan(magnitude, new Vector<uint>(0x7F80_0000)), new Vector<uint>(0x7FC0), rounded);
        }
    }
}

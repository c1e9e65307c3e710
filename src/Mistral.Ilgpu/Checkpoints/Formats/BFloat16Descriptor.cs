using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="BFloat16"/>.</summary>
internal sealed class BFloat16Descriptor() : ElementDescriptor<BFloat16, ushort, ushort>(0x7FFF, 0x7F80)
{
    public override string StoredName => "BF16";

    public override uint? GgufType => 30;

    public override uint GgufFileType => 32;

    // A loop of its own, because the runtime compiles the library's at every start, which takes ten times as long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Decode(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        var source = MemoryMarshal.Cast<byte, ushort>(blocks);
        var bits = MemoryMarshal.Cast<float, uint>(values);
        int i = 0;
        for (; i + Vector<ushort>.Count <= source.Length; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            (low << 16).CopyTo(bits[i..]);
            (high << 16).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }

        for (; i < source.Length; i++)
        {
            bits[i] = (uint)source[i] << 16;
        }
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

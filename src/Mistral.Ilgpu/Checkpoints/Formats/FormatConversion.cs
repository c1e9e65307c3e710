using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Converts runs of weights between formats, rounding to nearest even, and finds what is not finite.</summary>
internal static class FormatConversion
{
    private const int Run = 4096;

    /// <returns>The index of the first element that is not finite before or after conversion, or −1.</returns>
    public static long Convert(ReadOnlySpan<byte> source, TensorFormat from, Span<byte> target, TensorFormat to)
    {
        if (from == to)
        {
            source.CopyTo(target);
            return FirstNotFinite(target, to);
        }

        int count = source.Length / from.BlockBytes() * from.BlockLength();
        if (to.IsQuantized() && count > Run)
        {
            return QuantizeInParallel(source, from, target, to, count);
        }

        for (int at = 0; at < count; at += Run)
        {
            if (ConvertRun(source, from, target, to, at, Math.Min(Run, count - at)) is >= 0 and var bad)
            {
                return bad;
            }
        }

        return to.IsQuantized() ? -1 : FirstNotFinite(target, to);
    }

    // The search for scales takes far longer than reading and writing.
    private static unsafe long QuantizeInParallel(
        ReadOnlySpan<byte> source, TensorFormat from, Span<byte> target, TensorFormat to, int count)
    {
        fixed (byte* sourceStart = source)
        {
            fixed (byte* targetStart = target)
            {
                // Lambdas cannot hold what is fixed, only copies; the call below ends before either is released.
                var (input, inputLength) = ((nint)sourceStart, source.Length);
                var (output, outputLength) = ((nint)targetStart, target.Length);
                var bad = new ConcurrentBag<long>();
                Parallel.For(0, (count + Run - 1) / Run, run =>
                {
                    int at = run * Run;
                    long first = ConvertRun(
                        new ReadOnlySpan<byte>((void*)input, inputLength), from, new Span<byte>((void*)output, outputLength), to, at, Math.Min(Run, count - at));
                    if (first >= 0)
                    {
                        bad.Add(first);
                    }
                });
                return bad.IsEmpty ? -1 : bad.Min();
            }
        }
    }

    /// <returns>The first element that is not finite where it would be hidden by rounding, or −1.</returns>
    private static long ConvertRun(
        ReadOnlySpan<byte> source, TensorFormat from, Span<byte> target, TensorFormat to, int at, int length)
    {
        Span<float> floats = stackalloc float[Run];
        var run = floats[..length];
        Decode(source.Slice((int)from.BytesOf(at), (int)from.BytesOf(length)), from, run);
        // Rounding to whole numbers would hide what is not a number.
        if (to.IsQuantized() && FirstNotFinite(MemoryMarshal.AsBytes(run), TensorFormat.Float32) is >= 0 and var bad)
        {
            return at + bad;
        }

        Encode(run, to, target.Slice((int)to.BytesOf(at), (int)to.BytesOf(length)));
        return -1;
    }

    private static void Decode(ReadOnlySpan<byte> source, TensorFormat from, Span<float> floats)
    {
        switch (from)
        {
            case TensorFormat.Float32:
                MemoryMarshal.Cast<byte, float>(source).CopyTo(floats);
                break;
            case TensorFormat.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), floats);
                break;
            case not TensorFormat.BFloat16:
                BlockCodec.Decode(from, source, floats);
                break;
            default:
                var bits = MemoryMarshal.Cast<float, uint>(floats);
                TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, ushort>(source), bits);
                TensorPrimitives.ShiftLeft(bits, 16, bits);
                break;
        }
    }

    private static void Encode(ReadOnlySpan<float> floats, TensorFormat to, Span<byte> target)
    {
        switch (to)
        {
            case TensorFormat.Float32:
                MemoryMarshal.AsBytes(floats).CopyTo(target);
                break;
            case TensorFormat.Float16:
                TensorPrimitives.ConvertToHalf(floats, MemoryMarshal.Cast<byte, Half>(target));
                break;
            case not TensorFormat.BFloat16:
                BlockCodec.Encode(to, floats, target);
                break;
            default:
                EncodeBFloat16(MemoryMarshal.Cast<float, uint>(floats), MemoryMarshal.Cast<byte, ushort>(target));
                break;
        }
    }

    private static void EncodeBFloat16(ReadOnlySpan<uint> floats, Span<ushort> target)
    {
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
            // NaN must not be rounded up into infinity's or zero's pattern.
            return Vector.ConditionalSelect(Vector.GreaterThan(magnitude, new Vector<uint>(0x7F80_0000)), new Vector<uint>(0x7FC0), rounded);
        }
    }

    // An exponent of all ones marks infinity and NaN: the largest magnitude of a run tells whether there is one.
    internal static long FirstNotFinite(ReadOnlySpan<byte> bytes, TensorFormat format)
    {
        if (format == TensorFormat.Float32)
        {
            return FirstAtLeast(MemoryMarshal.Cast<byte, uint>(bytes), 0x7FFF_FFFFu, 0x7F80_0000u);
        }

        if (format.IsQuantized())
        {
            return FirstBlockNotFinite(bytes, format);
        }

        ushort infinity = format == TensorFormat.Float16 ? (ushort)0x7C00 : (ushort)0x7F80;
        return FirstAtLeast<ushort>(MemoryMarshal.Cast<byte, ushort>(bytes), 0x7FFF, infinity);
    }

    // Weights of a block are finite if its halves are: what multiplies them is small.
    private static long FirstBlockNotFinite(ReadOnlySpan<byte> bytes, TensorFormat format)
    {
        var halves = format.HalvesAt();
        int blockBytes = format.BlockBytes();
        for (int block = 0; block * blockBytes < bytes.Length; block++)
        {
            foreach (int at in halves)
            {
                if (!Half.IsFinite(BinaryPrimitives.ReadHalfLittleEndian(bytes[((block * blockBytes) + at)..])))
                {
                    return (long)block * format.BlockLength();
                }
            }
        }

        return -1;
    }

    private static long FirstAtLeast<T>(ReadOnlySpan<T> bits, T mask, T infinity)
        where T : unmanaged, IBinaryInteger<T>
    {
        Span<T> magnitudes = stackalloc T[Run];
        for (int at = 0; at < bits.Length; at += Run)
        {
            var run = bits.Slice(at, Math.Min(Run, bits.Length - at));
            var masked = magnitudes[..run.Length];
            TensorPrimitives.BitwiseAnd(run, mask, masked);
            if (TensorPrimitives.Max(masked) >= infinity)
            {
                int index = 0;
                while (masked[index] < infinity)
                {
                    index++;
                }

                return at + index;
            }
        }

        return -1;
    }
}

using System.Collections.Concurrent;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Converts runs of weights between formats, rounding to nearest even, and finds what is not finite.</summary>
internal static class FormatConversion
{
    private const int Run = 4096;

    /// <returns>The index of the first element that is not finite before or after conversion, or −1.</returns>
    /// <param name="factor">What elements are multiplied with on the way; 1 where both formats are one.</param>
    public static long Convert(ReadOnlySpan<byte> source, TensorFormat from, Span<byte> target, TensorFormat to, float factor = 1)
    {
        if (from == to)
        {
            source.CopyTo(target);
            return to.Descriptor().FirstNotFinite(target);
        }

        int count = source.Length / from.BlockBytes() * from.BlockLength();
        if (to.IsQuantized() && count > Run)
        {
            return QuantizeInParallel(source, from, target, to, count, factor);
        }

        for (int at = 0; at < count; at += Run)
        {
            if (ConvertRun(source, from, target, to, at, Math.Min(Run, count - at), factor) is >= 0 and var bad)
            {
                return bad;
            }
        }

        return to.IsQuantized() ? -1 : to.Descriptor().FirstNotFinite(target);
    }

    // The search for scales takes far longer than reading and writing.
    private static unsafe long QuantizeInParallel(
        ReadOnlySpan<byte> source, TensorFormat from, Span<byte> target, TensorFormat to, int count, float factor)
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
                        new ReadOnlySpan<byte>((void*)input, inputLength), from,
                        new Span<byte>((void*)output, outputLength), to, at, Math.Min(Run, count - at), factor);
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
        ReadOnlySpan<byte> source, TensorFormat from, Span<byte> target, TensorFormat to, int at, int length, float factor)
    {
        Span<float> floats = stackalloc float[Run];
        var run = floats[..length];
        from.Decode(source.Slice((int)from.BytesOf(at), (int)from.BytesOf(length)), run);
        if (factor != 1)
        {
            TensorPrimitives.Multiply(run, factor, run);
        }

        // Rounding to whole numbers, or to a largest one, would hide what is not finite.
        if ((to.IsQuantized() || to.HasScale())
            && TensorFormat.Float32.Descriptor().FirstNotFinite(MemoryMarshal.AsBytes(run)) is >= 0 and var bad)
        {
            return at + bad;
        }

        to.Encode(run, target.Slice((int)to.BytesOf(at), (int)to.BytesOf(length)));
        return -1;
    }
}

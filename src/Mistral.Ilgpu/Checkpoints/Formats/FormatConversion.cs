using System.Collections.Concurrent;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Converts runs of weights between formats, rounding to nearest even, and finds values that are not finite.</summary>
internal static class FormatConversion
{
    private const int Run = 4096;

    /// <param name="factor">Multiplies the elements; 1 if both formats are the same.</param>
    /// <returns>The index of the first element that is not finite before or after conversion, or −1.</returns>
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

    // Runs in parallel, because the search for scales takes far longer than reading and writing.
    private static unsafe long QuantizeInParallel(
        ReadOnlySpan<byte> source, TensorFormat from, Span<byte> target, TensorFormat to, int count, float factor)
    {
        fixed (byte* sourceStart = source)
        {
            fixed (byte* targetStart = target)
            {
                // A lambda cannot capture a fixed pointer, but a copy of it. The pointers stay fixed until the call below
                // returns.
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

    /// <returns>The first element that is not finite and whose encoding would not show it, or −1.</returns>
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

        // Rounding to integers or clamping to a largest number would hide a value that is not finite.
        if ((to.IsQuantized() || to.HasScale())
            && TensorFormat.Float32.Descriptor().FirstNotFinite(MemoryMarshal.AsBytes(run)) is >= 0 and var bad)
        {
            return at + bad;
        }

        to.Encode(run, target.Slice((int)to.BytesOf(at), (int)to.BytesOf(length)));
        return -1;
    }
}

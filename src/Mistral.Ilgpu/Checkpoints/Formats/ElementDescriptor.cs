using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>A format whose elements are each held by itself: a floating-point number of so many bits.</summary>
/// <typeparam name="TBits">The bits of an element as an unsigned number.</typeparam>
/// <param name="magnitude">All bits but the sign.</param>
/// <param name="infinity">The least magnitude that is not finite.</param>
internal abstract class ElementDescriptor<TFormat, TElement, TBits>(TBits magnitude, TBits infinity) : FormatDescriptor
    where TFormat : struct, IWeightFormat<TElement>
    where TElement : unmanaged
    where TBits : unmanaged, IBinaryInteger<TBits>
{
    private const int Run = 4096;

    public sealed override int BlockLength => 1;

    public sealed override int BlockBytes => Marshal.SizeOf<TElement>();

    public sealed override bool IsQuantized => false;

    public sealed override Type KernelType => typeof(TFormat);

    public sealed override TResult Use<TResult>(IFormatUse<TResult> use) => use.Elements<TFormat, TElement>();

    // The largest magnitude of a run tells whether there is one.
    public sealed override long FirstNotFinite(ReadOnlySpan<byte> blocks)
    {
        var bits = MemoryMarshal.Cast<byte, TBits>(blocks);
        Span<TBits> magnitudes = stackalloc TBits[Run];
        for (int at = 0; at < bits.Length; at += Run)
        {
            var run = bits.Slice(at, Math.Min(Run, bits.Length - at));
            var masked = magnitudes[..run.Length];
            TensorPrimitives.BitwiseAnd(run, magnitude, masked);
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

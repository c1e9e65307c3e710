using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>A floating-point format that stores each element by itself.</summary>
/// <typeparam name="TFormat">The format's type in kernels.</typeparam>
/// <typeparam name="TElement">The type that kernels load.</typeparam>
/// <typeparam name="TBits">The bits of an element as an unsigned integer.</typeparam>
/// <param name="magnitude">A mask of all bits but the sign.</param>
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

    // The maximum of a run's magnitudes is compared first, because it is computed by vectors.
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

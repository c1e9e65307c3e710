using System.Numerics;
using System.Runtime.CompilerServices;
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
    public sealed override int BlockLength => 1;

    public sealed override int BlockBytes => Marshal.SizeOf<TElement>();

    public sealed override bool IsQuantized => false;

    public sealed override Type KernelType => typeof(TFormat);

    public sealed override TResult Use<TResult>(IFormatUse<TResult> use) => use.Elements<TFormat, TElement>();

    // A loop of its own, because the runtime compiles the library's at every start, which takes ten times as long.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public sealed override long FirstNotFinite(ReadOnlySpan<byte> blocks)
    {
        var bits = MemoryMarshal.Cast<byte, TBits>(blocks);
        var (mask, limit) = (new Vector<TBits>(magnitude), new Vector<TBits>(infinity));
        int at = 0;
        while (at + Vector<TBits>.Count <= bits.Length
            && Vector.LessThanAll(new Vector<TBits>(bits[at..]) & mask, limit))
        {
            at += Vector<TBits>.Count;
        }

        while (at < bits.Length && (bits[at] & magnitude) < infinity)
        {
            at++;
        }

        return at < bits.Length ? at : -1;
    }
}

using System.Runtime.CompilerServices;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>A block format whose shape comes from its type in kernels.</summary>
internal abstract class BlockDescriptor<TFormat> : BlockDescriptor
    where TFormat : struct, IStripFormat
{
    // Created on first use, because every start creates all descriptors and uses few of them.
    private BlockPlanes? _planes;
    private StripShape? _strips;

    public sealed override int BlockLength => TFormat.BlockLength;

    public sealed override int BlockBytes => TFormat.QuantBytes + (TFormat.ScaleWords * sizeof(ushort));

    public sealed override Type KernelType => typeof(TFormat);

    public sealed override BlockPlanes Planes =>
        _planes ??= new(TFormat.QuantsAt, TFormat.QuantBytes, TFormat.ScaleWords * sizeof(ushort), Part);

    public sealed override StripShape Strips =>
        _strips ??= new(TFormat.BlockLength, TFormat.Bits, TFormat.BlockFloats, TFormat.RunBytes);

    public sealed override TResult Use<TResult>(IFormatUse<TResult> use) => use.Blocks<TFormat>();

    // Generic over the format, so that the JIT compiler knows the lengths of the copies.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Part(ReadOnlySpan<byte> blocks, Span<byte> quants, Span<byte> scales)
    {
        int scaleBytes = TFormat.ScaleWords * sizeof(ushort);
        int behind = TFormat.QuantsAt + TFormat.QuantBytes;
        while (!blocks.IsEmpty)
        {
            blocks[..TFormat.QuantsAt].CopyTo(scales);
            blocks.Slice(TFormat.QuantsAt, TFormat.QuantBytes).CopyTo(quants);
            blocks[behind..(TFormat.QuantBytes + scaleBytes)].CopyTo(scales[TFormat.QuantsAt..]);
            blocks = blocks[(TFormat.QuantBytes + scaleBytes)..];
            quants = quants[TFormat.QuantBytes..];
            scales = scales[scaleBytes..];
        }
    }
}

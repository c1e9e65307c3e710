using System.Buffers.Binary;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>A format that is quantized in ggml's blocks.</summary>
internal abstract class BlockDescriptor : FormatDescriptor
{
    public sealed override bool IsQuantized => true;

    public override bool IsEncodable => false;

    /// <summary>How the bytes of its blocks are parted on the device.</summary>
    public abstract BlockPlanes Planes { get; }

    /// <summary>How its blocks lie in strips.</summary>
    public abstract StripShape Strips { get; }

    /// <summary>Where in a block its 16-bit floats are.</summary>
    public virtual IReadOnlyList<int> HalvesAt => [0];

    /// <summary>Scales that give weights of random quants a mean of zero and a deviation, see
    /// <see cref="RandomScales.Words"/>.</summary>
    public abstract ushort[] ScalePattern(float deviation);

    public sealed override void Decode(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        var (length, bytes) = (BlockLength, BlockBytes);
        for (int i = 0; i < values.Length / length; i++)
        {
            DecodeBlock(blocks.Slice(i * bytes, bytes), values.Slice(i * length, length));
        }
    }

    public sealed override void Encode(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        var (length, bytes) = (BlockLength, BlockBytes);
        for (int i = 0; i < values.Length / length; i++)
        {
            EncodeBlock(values.Slice(i * length, length), blocks.Slice(i * bytes, bytes));
        }
    }

    // Weights of a block are finite if its halves are, because what multiplies them is small.
    public sealed override long FirstNotFinite(ReadOnlySpan<byte> blocks)
    {
        // Asked once, because every block that is loaded comes by here.
        var (halves, bytes) = (HalvesAt, BlockBytes);
        for (int block = 0; block * bytes < blocks.Length; block++)
        {
            foreach (int at in halves)
            {
                if (!Half.IsFinite(BinaryPrimitives.ReadHalfLittleEndian(blocks[((block * bytes) + at)..])))
                {
                    return (long)block * BlockLength;
                }
            }
        }

        return -1;
    }

    protected abstract void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights);

    protected virtual void EncodeBlock(ReadOnlySpan<float> weights, Span<byte> block) => base.Encode(weights, block);
}

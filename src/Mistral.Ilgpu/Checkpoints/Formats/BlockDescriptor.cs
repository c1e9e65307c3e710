using System.Buffers.Binary;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>A format that is quantized in ggml's blocks.</summary>
internal abstract class BlockDescriptor : FormatDescriptor
{
    public sealed override bool IsQuantized => true;

    public override bool IsEncodable => false;

    /// <summary>How the device stores the bytes of blocks in two planes: quants and scales.</summary>
    public abstract BlockPlanes Planes { get; }

    /// <summary>How blocks are stored in strips.</summary>
    public abstract StripShape Strips { get; }

    /// <summary>The offsets of the 16-bit floats in a block.</summary>
    public virtual IReadOnlyList<int> HalvesAt => [0];

    /// <summary>
    /// Scales with which weights of random quants have mean zero and the given deviation (see <see cref="RandomScales.Words"/>).
    /// </summary>
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

    // The weights of a block are finite if its 16-bit floats are, because their integer factors are small.
    public sealed override long FirstNotFinite(ReadOnlySpan<byte> blocks)
    {
        // These are virtual; they are read once, because this runs for every block that is loaded.
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

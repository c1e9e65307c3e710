namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Eight six-bit scales and eight six-bit minima, packed into twelve bytes.</summary>
internal static class SixBitPairs
{
    public static (int Scale, int Minimum) Read(ReadOnlySpan<byte> bytes, int run) => run < 4
        ? (bytes[run] & 63, bytes[run + 4] & 63)
        : ((bytes[run + 4] & 15) | (bytes[run - 4] >> 6 << 4), (bytes[run + 4] >> 4) | (bytes[run] >> 6 << 4));

    /// <summary>Decodes a block of 256 weights: eight runs, each with a scale and a minimum.</summary>
    /// <param name="fifths">The fifth bits; empty if quants have four bits.</param>
    public static void Decode(
        ReadOnlySpan<byte> block, ReadOnlySpan<byte> fifths, ReadOnlySpan<byte> fours, Span<float> weights)
    {
        float d = BlockBits.ReadHalf(block);
        float min = BlockBits.ReadHalf(block[2..]);
        for (int run = 0; run < 8; run++)
        {
            var (scale, minimum) = Read(block[4..16], run);
            float factor = d * scale;
            float offset = min * minimum;
            for (int i = 0; i < 32; i++)
            {
                int fifth = fifths.IsEmpty ? 0 : (fifths[i] >> run) & 1;
                weights[(32 * run) + i] = (factor * (BlockBits.Four(fours, run, i) | (fifth << 4))) - offset;
            }
        }
    }

    /// <summary>Writes all eight pairs.</summary>
    public static void Write(Span<byte> bytes, ReadOnlySpan<int> scales, ReadOnlySpan<int> minima)
    {
        for (int i = 0; i < 4; i++)
        {
            bytes[i] = (byte)(scales[i] | (scales[i + 4] >> 4 << 6));
            bytes[i + 4] = (byte)(minima[i] | (minima[i + 4] >> 4 << 6));
            bytes[i + 8] = (byte)((scales[i + 4] & 15) | ((minima[i + 4] & 15) << 4));
        }
    }
}

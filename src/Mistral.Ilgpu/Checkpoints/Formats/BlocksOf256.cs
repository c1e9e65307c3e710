namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>The K-quants: blocks of 256 weights in runs of 16 or 32 whose scales are themselves quantized.</summary>
internal static class BlocksOf256
{
    public static void DecodeQ2_K(ReadOnlySpan<byte> block, Span<float> weights)
    {
        var scales = block[..16];
        var quants = block[16..80];
        float d = BlocksOf32.ReadHalf(block[80..]);
        float min = BlocksOf32.ReadHalf(block[82..]);
        for (int part = 0; part < 16; part++)
        {
            float scale = d * (scales[part] & 15);
            float offset = min * (scales[part] >> 4);
            for (int i = 0; i < 16; i++)
            {
                weights[(16 * part) + i] = (scale * TwoBits(quants, part, i)) - offset;
            }
        }
    }

    public static void DecodeQ3_K(ReadOnlySpan<byte> block, Span<float> weights)
    {
        var third = block[..32];
        var quants = block[32..96];
        var scales = block[96..108];
        float d = BlocksOf32.ReadHalf(block[108..]);
        for (int part = 0; part < 16; part++)
        {
            int lower = (scales[part % 8] >> (4 * (part / 8))) & 15;
            int upper = (scales[8 + (part % 4)] >> (2 * (part / 4))) & 3;
            float scale = d * ((lower | (upper << 4)) - 32);
            for (int i = 0; i < 16; i++)
            {
                int high = (third[(16 * (part % 2)) + i] >> (part / 2)) & 1;
                weights[(16 * part) + i] = scale * ((TwoBits(quants, part, i) | (high << 2)) - 4);
            }
        }
    }

    public static void DecodeQ4_K(ReadOnlySpan<byte> block, Span<float> weights) => DecodePairs(block, [], block[16..], weights);

    public static void DecodeQ5_K(ReadOnlySpan<byte> block, Span<float> weights) =>
        DecodePairs(block, block[16..48], block[48..], weights);

    public static void DecodeQ6_K(ReadOnlySpan<byte> block, Span<float> weights)
    {
        var lower = block[..128];
        var upper = block[128..192];
        var scales = block[192..208];
        float d = BlocksOf32.ReadHalf(block[208..]);
        for (int part = 0; part < 16; part++)
        {
            float scale = d * (sbyte)scales[part];
            int run = part / 2;
            for (int i = 0; i < 16; i++)
            {
                int within = (16 * (part % 2)) + i;
                int low = (lower[(64 * (run / 4)) + (32 * (run % 2)) + within] >> (4 * (run / 2 % 2))) & 15;
                weights[(16 * part) + i] = scale * ((low | (TwoBits(upper, part, i) << 4)) - 32);
            }
        }
    }

    /// <param name="fifths">The fifth bits, or nothing where there are four.</param>
    private static void DecodePairs(
        ReadOnlySpan<byte> block, ReadOnlySpan<byte> fifths, ReadOnlySpan<byte> fours, Span<float> weights)
    {
        float d = BlocksOf32.ReadHalf(block);
        float min = BlocksOf32.ReadHalf(block[2..]);
        for (int run = 0; run < 8; run++)
        {
            var (scale, minimum) = SixBitPairs.Read(block[4..16], run);
            float factor = d * scale;
            float offset = min * minimum;
            for (int i = 0; i < 32; i++)
            {
                int fifth = fifths.IsEmpty ? 0 : (fifths[i] >> run) & 1;
                weights[(32 * run) + i] = (factor * (FourBits(fours, run, i) | (fifth << 4))) - offset;
            }
        }
    }

    /// <summary>The two bits of weight i of a part of 16: four runs of 32 share 32 bytes.</summary>
    private static int TwoBits(ReadOnlySpan<byte> quants, int part, int i) =>
        (quants[(32 * (part / 8)) + (16 * (part % 2)) + i] >> (2 * (part / 2 % 4))) & 3;

    /// <summary>The four bits of weight i of a run of 32: two runs share 32 bytes.</summary>
    private static int FourBits(ReadOnlySpan<byte> quants, int run, int i) =>
        (quants[(32 * (run / 2)) + i] >> (4 * (run % 2))) & 15;
}

/// <summary>Eight six-bit scales and eight minima in twelve bytes.</summary>
internal static class SixBitPairs
{
    public static (int Scale, int Minimum) Read(ReadOnlySpan<byte> bytes, int run) => run < 4
        ? (bytes[run] & 63, bytes[run + 4] & 63)
        : ((bytes[run + 4] & 15) | (bytes[run - 4] >> 6 << 4), (bytes[run + 4] >> 4) | (bytes[run] >> 6 << 4));

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

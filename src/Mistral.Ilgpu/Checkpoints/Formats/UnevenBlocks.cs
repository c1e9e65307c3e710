using System.Buffers.Binary;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Blocks whose four bits choose one of sixteen unevenly spaced values.</summary>
internal static class UnevenBlocks
{
    private const int Half = 16;

    private static ReadOnlySpan<sbyte> Values => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    public static void DecodeIQ4_NL(ReadOnlySpan<byte> block, Span<float> weights) =>
        Decode(block[2..], BlocksOf32.ReadHalf(block), weights);

    public static void DecodeIQ4_XS(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = BlocksOf32.ReadHalf(block);
        ushort upper = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        for (int run = 0; run < 8; run++)
        {
            int lower = (block[4 + (run / 2)] >> (4 * (run % 2))) & 15;
            int scale = (lower | (((upper >> (2 * run)) & 3) << 4)) - 32;
            Decode(block[(8 + (Half * run))..], d * scale, weights.Slice(32 * run, 32));
        }
    }

    private static void Decode(ReadOnlySpan<byte> quants, float scale, Span<float> weights)
    {
        for (int i = 0; i < Half; i++)
        {
            weights[i] = scale * Values[quants[i] & 15];
            weights[i + Half] = scale * Values[quants[i] >> 4];
        }
    }
}

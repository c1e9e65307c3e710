using System.Buffers.Binary;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Reads and writes numbers in the bytes of ggml's blocks.</summary>
internal static class BlockBits
{
    /// <summary>Reads a 16-bit float from the start of the bytes.</summary>
    public static float ReadHalf(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);

    /// <summary>Writes the nearest 16-bit float; values out of range become the largest finite one.</summary>
    public static void WriteHalf(Span<byte> bytes, float value) => BinaryPrimitives.WriteHalfLittleEndian(
        bytes, (Half)Math.Clamp(value, (float)Half.MinValue, (float)Half.MaxValue));

    /// <summary>The fifth bit of weight i, shifted to bit 4.</summary>
    public static int Fifth(uint bits, int i) => (int)((bits >> i) & 1) << 4;

    /// <summary>The two bits of weight i of a part of 16 weights. Four runs of 32 weights share 32 bytes.</summary>
    public static int Two(ReadOnlySpan<byte> quants, int part, int i) =>
        (quants[(32 * (part / 8)) + (16 * (part % 2)) + i] >> (2 * (part / 2 % 4))) & 3;

    /// <summary>The four bits of weight i of a run of 32 weights. Two runs share 32 bytes.</summary>
    public static int Four(ReadOnlySpan<byte> quants, int run, int i) =>
        (quants[(32 * (run / 2)) + i] >> (4 * (run % 2))) & 15;
}

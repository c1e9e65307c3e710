using System.Buffers.Binary;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Contents;

/// <summary>Scales of blocks whose quants are random bits, such that the weights have mean zero and a wanted deviation.</summary>
internal static class RandomScales
{
    private const ushort Sign = 0x8000;

    /// <summary>The words of a block's scales, then the bits of each that turn the block's sign.</summary>
    public static ushort[] Pattern(TensorFormat format, float deviation) => format switch
    {
        TensorFormat.Q8_0 => Scale(deviation / Deviation(256)),
        TensorFormat.Q4_0 => Scale(deviation / Deviation(16)),
        TensorFormat.Q4_1 => ScaleAndOffset(deviation, 16),
        TensorFormat.Q5_0 => Scale(deviation / Deviation(32)),
        TensorFormat.Q5_1 => ScaleAndOffset(deviation, 32),
        TensorFormat.Q2_K => Words([.. Repeat(0x88, 16), .. Halves(deviation / (8 * Deviation(4)), 1.5f)], signsFrom: 8),
        TensorFormat.Q3_K => Words([.. Repeat(0, 8), .. Repeat(0xFF, 4), .. Half(deviation / (16 * Deviation(8)))], signsFrom: 6),
        TensorFormat.Q4_K => Words([.. Halves(deviation / (32 * Deviation(16)), 7.5f), .. Repeat(0xA0, 8), .. Repeat(0, 4)], signsTo: 2),
        TensorFormat.Q5_K => Words([.. Halves(deviation / (32 * Deviation(32)), 15.5f), .. Repeat(0xA0, 8), .. Repeat(0, 4)], signsTo: 2),
        TensorFormat.Q6_K => Words([.. Repeat(64, 16), .. Half(deviation / (64 * Deviation(64)))], signsFrom: 8),
        TensorFormat.IQ4_NL => Scale(deviation / UnevenDeviation),
        TensorFormat.IQ4_XS => Words([.. Half(deviation / (16 * UnevenDeviation)), 0xFF, 0xFF, .. Repeat(0, 4)], signsTo: 1),
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    // Of the sixteen uneven values of IQ4_NL.
    private const float UnevenDeviation = 67.44f;

    /// <summary>Of so many whole numbers in a row, all as likely.</summary>
    private static float Deviation(int count) => MathF.Sqrt(((count * count) - 1) / 12f);

    private static ushort[] Scale(float scale) => Words(Half(scale), signsTo: 1);

    private static ushort[] ScaleAndOffset(float deviation, int count) =>
        Words(Halves(deviation / Deviation(count), -(count - 1) / 2f), signsTo: 2);

    private static byte[] Half(float value)
    {
        var bytes = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, Float16.Encode(value));
        return bytes;
    }

    private static byte[] Halves(float scale, float minimum) => [.. Half(scale), .. Half(scale * minimum)];

    private static IEnumerable<byte> Repeat(byte value, int count) => Enumerable.Repeat(value, count);

    private static ushort[] Words(byte[] bytes, int signsFrom = 0, int signsTo = int.MaxValue)
    {
        var words = Enumerable.Range(0, bytes.Length / 2).Select(word => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * word))).ToList();
        return [.. words, .. words.Select((_, word) => word >= signsFrom && word < signsTo ? Sign : (ushort)0)];
    }
}

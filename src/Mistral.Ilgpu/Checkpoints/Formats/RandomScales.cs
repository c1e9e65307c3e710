using System.Buffers.Binary;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Scales for blocks whose quants are random bits, so that weights have mean zero and a given deviation.</summary>
internal static class RandomScales
{
    private const ushort Sign = 0x8000;

    /// <summary>The standard deviation of <paramref name="count"/> consecutive integers of equal probability.</summary>
    public static float Deviation(int count) => MathF.Sqrt(((count * count) - 1) / 12f);

    /// <summary>The pattern of a block that has only a scale.</summary>
    public static ushort[] One(float scale) => Words(Half(scale), signsTo: 1);

    /// <summary>The pattern of a block that has a scale and an offset.</summary>
    public static ushort[] OneAndOffset(float deviation, int count) =>
        Words(Halves(deviation / Deviation(count), -(count - 1) / 2f), signsTo: 2);

    /// <summary>The bytes of a 16-bit float.</summary>
    public static byte[] Half(float value)
    {
        var bytes = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, Float16.Encode(value));
        return bytes;
    }

    /// <summary>The bytes of a scale and of a scale of minima, which is <paramref name="minimum"/> times as large.</summary>
    public static byte[] Halves(float scale, float minimum) => [.. Half(scale), .. Half(scale * minimum)];

    public static IEnumerable<byte> Repeat(byte value, int count) => Enumerable.Repeat(value, count);

    /// <summary>The words of a block's scales, then for each word the bits to flip in a block of the opposite sign.</summary>
    /// <param name="signsFrom">The first word whose sign is flipped.</param>
    /// <param name="signsTo">The end of the words whose sign is flipped.</param>
    public static ushort[] Words(byte[] bytes, int signsFrom = 0, int signsTo = int.MaxValue)
    {
        var words = Enumerable.Range(0, bytes.Length / 2)
            .Select(word => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * word))).ToList();
        return [.. words, .. words.Select((_, word) => word >= signsFrom && word < signsTo ? Sign : (ushort)0)];
    }
}

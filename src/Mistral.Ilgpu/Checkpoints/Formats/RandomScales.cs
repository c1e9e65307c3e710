using System.Buffers.Binary;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Scales of blocks whose quants are random bits, such that the weights have mean zero and a wanted deviation.</summary>
internal static class RandomScales
{
    private const ushort Sign = 0x8000;

    /// <summary>Of so many whole numbers in a row, all as likely.</summary>
    public static float Deviation(int count) => MathF.Sqrt(((count * count) - 1) / 12f);

    /// <summary>Of a block that has a scale alone.</summary>
    public static ushort[] One(float scale) => Words(Half(scale), signsTo: 1);

    /// <summary>Of a block that has a scale and an offset.</summary>
    public static ushort[] OneAndOffset(float deviation, int count) =>
        Words(Halves(deviation / Deviation(count), -(count - 1) / 2f), signsTo: 2);

    /// <summary>A 16-bit float.</summary>
    public static byte[] Half(float value)
    {
        var bytes = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, Float16.Encode(value));
        return bytes;
    }

    /// <summary>A scale, and that of minima so many times as large.</summary>
    public static byte[] Halves(float scale, float minimum) => [.. Half(scale), .. Half(scale * minimum)];

    public static IEnumerable<byte> Repeat(byte value, int count) => Enumerable.Repeat(value, count);

    /// <summary>The words of a block's scales, then the bits of each that turn the block's sign.</summary>
    /// <param name="signsFrom">The first word whose sign turns.</param>
    /// <param name="signsTo">The first after it whose sign does not.</param>
    public static ushort[] Words(byte[] bytes, int signsFrom = 0, int signsTo = int.MaxValue)
    {
        var words = Enumerable.Range(0, bytes.Length / 2)
            .Select(word => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * word))).ToList();
        return [.. words, .. words.Select((_, word) => word >= signsFrom && word < signsTo ? Sign : (ushort)0)];
    }
}

using System.Buffers.Binary;
using SystemHalf = System.Half;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>Blocks of 32 weights with one scale: quants of 8, 5 or 4 bits, the last with or without a minimum.</summary>
internal static class BlocksOf32
{
    private const int Length = 32;
    private const int Half = Length / 2;

    public static void DecodeQ8_0(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = ReadHalf(block);
        for (int i = 0; i < Length; i++)
        {
            weights[i] = (sbyte)block[2 + i] * d;
        }
    }

    public static void DecodeQ4_0(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = ReadHalf(block);
        for (int i = 0; i < Half; i++)
        {
            weights[i] = ((block[2 + i] & 15) - 8) * d;
            weights[i + Half] = ((block[2 + i] >> 4) - 8) * d;
        }
    }

    public static void DecodeQ4_1(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = ReadHalf(block);
        float m = ReadHalf(block[2..]);
        for (int i = 0; i < Half; i++)
        {
            weights[i] = ((block[4 + i] & 15) * d) + m;
            weights[i + Half] = ((block[4 + i] >> 4) * d) + m;
        }
    }

    public static void DecodeQ5_0(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = ReadHalf(block);
        uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[2..]);
        for (int i = 0; i < Half; i++)
        {
            weights[i] = (((block[6 + i] & 15) | Fifth(fifth, i)) - 16) * d;
            weights[i + Half] = (((block[6 + i] >> 4) | Fifth(fifth, i + Half)) - 16) * d;
        }
    }

    public static void DecodeQ5_1(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = ReadHalf(block);
        float m = ReadHalf(block[2..]);
        uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        for (int i = 0; i < Half; i++)
        {
            weights[i] = (((block[8 + i] & 15) | Fifth(fifth, i)) * d) + m;
            weights[i + Half] = (((block[8 + i] >> 4) | Fifth(fifth, i + Half)) * d) + m;
        }
    }

    public static void EncodeQ8_0(ReadOnlySpan<float> weights, Span<byte> block)
    {
        float largest = 0;
        foreach (float weight in weights)
        {
            largest = MathF.Max(largest, MathF.Abs(weight));
        }

        float d = largest / 127;
        // Below this the inverse overflows.
        float inverse = d > 1e-37f ? 1 / d : 0;
        WriteHalf(block, d);
        for (int i = 0; i < Length; i++)
        {
            float scaled = weights[i] * inverse;
            block[2 + i] = (byte)(sbyte)(scaled + (scaled < 0 ? -0.5f : 0.5f));
        }
    }

    public static void EncodeQ4_0(ReadOnlySpan<float> weights, Span<byte> block)
    {
        float largest = 0;
        foreach (float weight in weights)
        {
            largest = MathF.Abs(weight) > MathF.Abs(largest) ? weight : largest;
        }

        // The largest weight becomes -8, whatever its sign, because there is no +8.
        float d = largest / -8;
        float inverse = MathF.Abs(d) > 1e-37f ? 1 / d : 0;
        WriteHalf(block, d);
        for (int i = 0; i < Half; i++)
        {
            int lower = Quant(weights[i]);
            int upper = Quant(weights[i + Half]);
            block[2 + i] = (byte)(lower | (upper << 4));
        }

        int Quant(float weight) => Math.Min(15, (int)((weight * inverse) + 8.5f));
    }

    /// <summary>A half at the start of the bytes.</summary>
    public static float ReadHalf(ReadOnlySpan<byte> bytes) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);

    /// <summary>The nearest half, the largest finite one for what is larger.</summary>
    public static void WriteHalf(Span<byte> bytes, float value) => BinaryPrimitives.WriteHalfLittleEndian(
        bytes, (SystemHalf)Math.Clamp(value, (float)SystemHalf.MinValue, (float)SystemHalf.MaxValue));

    private static int Fifth(uint bits, int i) => (int)((bits >> i) & 1) << 4;
}

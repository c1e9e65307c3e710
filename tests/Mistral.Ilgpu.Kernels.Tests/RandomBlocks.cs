using System.Buffers.Binary;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Blocks of random bits whose scales are ordinary numbers.</summary>
internal static class RandomBlocks
{
    public static byte[] Create(Random random, TensorFormat format, int blocks)
    {
        var bytes = new byte[blocks * format.BlockBytes()];
        random.NextBytes(bytes);
        for (int block = 0; block < blocks; block++)
        {
            foreach (int at in format.Blocks().HalvesAt)
            {
                float value = ((float)random.NextDouble() - 0.5f) / 64;
                BinaryPrimitives.WriteHalfLittleEndian(bytes.AsSpan((block * format.BlockBytes()) + at), (Half)value);
            }
        }

        return bytes;
    }
}

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>ggml's quantized blocks to float32 and back.</summary>
internal static class BlockCodec
{
    /// <summary>Whole blocks to their weights, bit for bit as ggml's reference does.</summary>
    /// <param name="values">As many as the blocks hold.</param>
    public static void Decode(TensorFormat format, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        int length = format.BlockLength();
        int bytes = format.BlockBytes();
        for (int i = 0; i < values.Length / length; i++)
        {
            var block = blocks.Slice(i * bytes, bytes);
            var weights = values.Slice(i * length, length);
            switch (format)
            {
                case TensorFormat.Q8_0:
                    BlocksOf32.DecodeQ8_0(block, weights);
                    break;
                case TensorFormat.Q4_0:
                    BlocksOf32.DecodeQ4_0(block, weights);
                    break;
                case TensorFormat.Q4_1:
                    BlocksOf32.DecodeQ4_1(block, weights);
                    break;
                case TensorFormat.Q5_0:
                    BlocksOf32.DecodeQ5_0(block, weights);
                    break;
                case TensorFormat.Q5_1:
                    BlocksOf32.DecodeQ5_1(block, weights);
                    break;
                case TensorFormat.IQ4_NL:
                    UnevenBlocks.DecodeIQ4_NL(block, weights);
                    break;
                case TensorFormat.IQ4_XS:
                    UnevenBlocks.DecodeIQ4_XS(block, weights);
                    break;
                case TensorFormat.Q2_K:
                    BlocksOf256.DecodeQ2_K(block, weights);
                    break;
                case TensorFormat.Q3_K:
                    BlocksOf256.DecodeQ3_K(block, weights);
                    break;
                case TensorFormat.Q4_K:
                    BlocksOf256.DecodeQ4_K(block, weights);
                    break;
                case TensorFormat.Q5_K:
                    BlocksOf256.DecodeQ5_K(block, weights);
                    break;
                case TensorFormat.Q6_K:
                    BlocksOf256.DecodeQ6_K(block, weights);
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(format), format, "has no blocks");
            }
        }
    }

    /// <summary>Weights to blocks of one of <see cref="TensorFormatExtensions.Encodable"/>.</summary>
    /// <param name="values">Finite, and as many as whole blocks hold.</param>
    public static void Encode(TensorFormat format, ReadOnlySpan<float> values, Span<byte> blocks)
    {
        int length = format.BlockLength();
        int bytes = format.BlockBytes();
        for (int i = 0; i < values.Length / length; i++)
        {
            var weights = values.Slice(i * length, length);
            var block = blocks.Slice(i * bytes, bytes);
            switch (format)
            {
                case TensorFormat.Q8_0:
                    BlocksOf32.EncodeQ8_0(weights, block);
                    break;
                case TensorFormat.Q4_0:
                    BlocksOf32.EncodeQ4_0(weights, block);
                    break;
                case TensorFormat.Q4_K:
                    EncodeQ4_K.Encode(weights, block);
                    break;
                case TensorFormat.Q6_K:
                    EncodeQ6_K.Encode(weights, block);
                    break;
                default:
                    throw new ArgumentOutOfRangeException(nameof(format), format, "cannot be encoded");
            }
        }
    }
}

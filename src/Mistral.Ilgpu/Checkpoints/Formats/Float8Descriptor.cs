using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Float8"/>.</summary>
internal sealed class Float8Descriptor() : ElementDescriptor<Float8, byte, byte>(NaN, NaN)
{
    private const byte NaN = 0x7F;

    public override string StoredName => "F8_E4M3";

    public override string ShortName => "fp8";

    public override uint? GgufType => null;

    public override uint GgufFileType => throw new NotSupportedException("GGUF files do not hold fp8");

    public override float? Largest => 448;

    // The released fp8 models keep the output matrix in bf16, too.
    public override TensorFormat? OfLogits => TensorFormat.BFloat16;

    public override TensorFormat? OfEmbedding => TensorFormat.BFloat16;

    public override void Decode(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            // Kernels do not handle NaN, because loading refuses it here or by its bits.
            values[i] = (blocks[i] & NaN) == NaN ? float.NaN : Float8.Decode(blocks[i]);
        }
    }

    public override void Encode(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        for (int i = 0; i < values.Length; i++)
        {
            blocks[i] = Float8.Encode(values[i]);
        }
    }
}

using Mistral.Ilgpu.Kernels;
using static Mistral.Ilgpu.Checkpoints.Formats.RandomScales;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Q8_0"/>.</summary>
internal sealed class Q8_0Descriptor : BlockDescriptor<Q8_0>
{
    public override string StoredName => "Q8_0";

    public override uint? GgufType => 8;

    public override uint GgufFileType => 7;

    public override bool IsEncodable => true;

    public override ushort[] ScalePattern(float deviation) => One(deviation / Deviation(256));

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = BlockBits.ReadHalf(block);
        for (int i = 0; i < BlockLength; i++)
        {
            weights[i] = (sbyte)block[2 + i] * d;
        }
    }

    protected override void EncodeBlock(ReadOnlySpan<float> weights, Span<byte> block)
    {
        float largest = 0;
        foreach (float weight in weights)
        {
            largest = MathF.Max(largest, MathF.Abs(weight));
        }

        float d = largest / 127;
        // The inverse of a smaller scale overflows.
        float inverse = d > 1e-37f ? 1 / d : 0;
        BlockBits.WriteHalf(block, d);
        for (int i = 0; i < BlockLength; i++)
        {
            float scaled = weights[i] * inverse;
            block[2 + i] = (byte)(sbyte)(scaled + (scaled < 0 ? -0.5f : 0.5f));
        }
    }
}

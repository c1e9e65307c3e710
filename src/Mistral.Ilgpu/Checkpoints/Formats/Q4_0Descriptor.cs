using Mistral.Ilgpu.Kernels;
using static Mistral.Ilgpu.Checkpoints.Formats.RandomScales;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Q4_0"/>.</summary>
internal sealed class Q4_0Descriptor : BlockDescriptor<Q4_0>
{
    public override string StoredName => "Q4_0";

    public override uint? GgufType => 2;

    public override uint GgufFileType => 2;

    public override bool IsEncodable => true;

    // The output matrix loses most by four bits.
    public override TensorFormat? OfLogits => TensorFormat.Q6_K;

    public override ushort[] ScalePattern(float deviation) => One(deviation / Deviation(16));

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = BlockBits.ReadHalf(block);
        for (int i = 0; i < BlockRun.Half; i++)
        {
            weights[i] = ((block[2 + i] & 15) - 8) * d;
            weights[i + BlockRun.Half] = ((block[2 + i] >> 4) - 8) * d;
        }
    }

    protected override void EncodeBlock(ReadOnlySpan<float> weights, Span<byte> block)
    {
        float largest = 0;
        foreach (float weight in weights)
        {
            largest = MathF.Abs(weight) > MathF.Abs(largest) ? weight : largest;
        }

        // The weight of the largest magnitude becomes -8, whatever its sign, because there is no +8.
        float d = largest / -8;
        float inverse = MathF.Abs(d) > 1e-37f ? 1 / d : 0;
        BlockBits.WriteHalf(block, d);
        for (int i = 0; i < BlockRun.Half; i++)
        {
            int lower = Quant(weights[i]);
            int upper = Quant(weights[i + BlockRun.Half]);
            block[2 + i] = (byte)(lower | (upper << 4));
        }

        int Quant(float weight) => Math.Min(15, (int)((weight * inverse) + 8.5f));
    }
}

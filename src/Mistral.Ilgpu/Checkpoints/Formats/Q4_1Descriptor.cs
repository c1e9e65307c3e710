using Mistral.Ilgpu.Kernels;
using static Mistral.Ilgpu.Checkpoints.Formats.RandomScales;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Q4_1"/>.</summary>
internal sealed class Q4_1Descriptor : BlockDescriptor<Q4_1>
{
    public override string StoredName => "Q4_1";

    public override uint? GgufType => 3;

    public override uint GgufFileType => 3;

    public override IReadOnlyList<int> HalvesAt => [0, 2];

    public override ushort[] ScalePattern(float deviation) => OneAndOffset(deviation, 16);

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = BlockBits.ReadHalf(block);
        float m = BlockBits.ReadHalf(block[2..]);
        for (int i = 0; i < BlockRun.Half; i++)
        {
            weights[i] = ((block[4 + i] & 15) * d) + m;
            weights[i + BlockRun.Half] = ((block[4 + i] >> 4) * d) + m;
        }
    }
}

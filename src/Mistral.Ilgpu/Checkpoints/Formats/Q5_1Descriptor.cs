using System.Buffers.Binary;
using Mistral.Ilgpu.Kernels;
using static Mistral.Ilgpu.Checkpoints.Formats.RandomScales;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Q5_1"/>.</summary>
internal sealed class Q5_1Descriptor : BlockDescriptor<Q5_1>
{
    public override string StoredName => "Q5_1";

    public override uint? GgufType => 7;

    public override uint GgufFileType => 9;

    public override IReadOnlyList<int> HalvesAt => [0, 2];

    public override ushort[] ScalePattern(float deviation) => OneAndOffset(deviation, 32);

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = BlockBits.ReadHalf(block);
        float m = BlockBits.ReadHalf(block[2..]);
        uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        for (int i = 0; i < BlockRun.Half; i++)
        {
            weights[i] = (((block[8 + i] & 15) | BlockBits.Fifth(fifth, i)) * d) + m;
            weights[i + BlockRun.Half] = (((block[8 + i] >> 4) | BlockBits.Fifth(fifth, i + BlockRun.Half)) * d) + m;
        }
    }
}

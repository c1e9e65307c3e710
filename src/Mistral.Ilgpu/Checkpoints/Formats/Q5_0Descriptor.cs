using System.Buffers.Binary;
using Mistral.Ilgpu.Kernels;
using static Mistral.Ilgpu.Checkpoints.Formats.RandomScales;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Q5_0"/>.</summary>
internal sealed class Q5_0Descriptor : BlockDescriptor<Q5_0>
{
    public override string StoredName => "Q5_0";

    public override uint? GgufType => 6;

    public override uint GgufFileType => 8;

    public override ushort[] ScalePattern(float deviation) => One(deviation / Deviation(32));

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = BlockBits.ReadHalf(block);
        uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[2..]);
        for (int i = 0; i < BlockRun.Half; i++)
        {
            weights[i] = (((block[6 + i] & 15) | BlockBits.Fifth(fifth, i)) - 16) * d;
            weights[i + BlockRun.Half] = (((block[6 + i] >> 4) | BlockBits.Fifth(fifth, i + BlockRun.Half)) - 16) * d;
        }
    }
}

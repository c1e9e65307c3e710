using System.Buffers.Binary;
using Mistral.Ilgpu.Kernels;
using static Mistral.Ilgpu.Checkpoints.Formats.RandomScales;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="IQ4_XS"/>.</summary>
internal sealed class IQ4_XSDescriptor : BlockDescriptor<IQ4_XS>
{
    public override string StoredName => "IQ4_XS";

    public override uint? GgufType => 23;

    public override uint GgufFileType => 30;

    public override ushort[] ScalePattern(float deviation) => Words(
        [.. Half(deviation / (16 * UnevenRun.Deviation)), 0xFF, 0xFF, .. Repeat(0, 4)], signsTo: 1);

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = BlockBits.ReadHalf(block);
        ushort upper = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        for (int run = 0; run < 8; run++)
        {
            int lower = (block[4 + (run / 2)] >> (4 * (run % 2))) & 15;
            int scale = (lower | (((upper >> (2 * run)) & 3) << 4)) - 32;
            UnevenRun.Decode(block[(8 + (BlockRun.Half * run))..], d * scale, weights.Slice(32 * run, 32));
        }
    }
}

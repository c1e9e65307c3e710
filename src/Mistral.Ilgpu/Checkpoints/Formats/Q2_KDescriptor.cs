using Mistral.Ilgpu.Kernels;
using static Mistral.Ilgpu.Checkpoints.Formats.RandomScales;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Q2_K"/>.</summary>
internal sealed class Q2_KDescriptor : BlockDescriptor<Q2_K>
{
    public override string StoredName => "Q2_K";

    public override uint? GgufType => 10;

    public override uint GgufFileType => 10;

    public override IReadOnlyList<int> HalvesAt => [80, 82];

    public override ushort[] ScalePattern(float deviation) => Words(
        [.. Repeat(0x88, 16), .. Halves(deviation / (8 * Deviation(4)), 1.5f)], signsFrom: 8);

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights)
    {
        var scales = block[..16];
        var quants = block[16..80];
        float d = BlockBits.ReadHalf(block[80..]);
        float min = BlockBits.ReadHalf(block[82..]);
        for (int part = 0; part < 16; part++)
        {
            float scale = d * (scales[part] & 15);
            float offset = min * (scales[part] >> 4);
            for (int i = 0; i < 16; i++)
            {
                weights[(16 * part) + i] = (scale * BlockBits.Two(quants, part, i)) - offset;
            }
        }
    }
}

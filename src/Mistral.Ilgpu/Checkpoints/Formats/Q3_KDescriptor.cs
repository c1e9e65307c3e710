using Mistral.Ilgpu.Kernels;
using static Mistral.Ilgpu.Checkpoints.Formats.RandomScales;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Q3_K"/>.</summary>
internal sealed class Q3_KDescriptor : BlockDescriptor<Q3_K>
{
    public override string StoredName => "Q3_K";

    public override uint? GgufType => 11;

    public override uint GgufFileType => 12;

    public override IReadOnlyList<int> HalvesAt => [108];

    public override ushort[] ScalePattern(float deviation) => Words(
        [.. Repeat(0, 8), .. Repeat(0xFF, 4), .. Half(deviation / (16 * Deviation(8)))], signsFrom: 6);

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights)
    {
        var third = block[..32];
        var quants = block[32..96];
        var scales = block[96..108];
        float d = BlockBits.ReadHalf(block[108..]);
        for (int part = 0; part < 16; part++)
        {
            int lower = (scales[part % 8] >> (4 * (part / 8))) & 15;
            int upper = (scales[8 + (part % 4)] >> (2 * (part / 4))) & 3;
            float scale = d * ((lower | (upper << 4)) - 32);
            for (int i = 0; i < 16; i++)
            {
                int high = (third[(16 * (part % 2)) + i] >> (part / 2)) & 1;
                weights[(16 * part) + i] = scale * ((BlockBits.Two(quants, part, i) | (high << 2)) - 4);
            }
        }
    }
}

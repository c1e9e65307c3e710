using Mistral.Ilgpu.Kernels;
using static Mistral.Ilgpu.Checkpoints.Formats.RandomScales;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Q6_K"/>.</summary>
internal sealed class Q6_KDescriptor : BlockDescriptor<Q6_K>
{
    public override string StoredName => "Q6_K";

    public override uint? GgufType => 14;

    public override uint GgufFileType => 18;

    public override bool IsEncodable => true;

    public override IReadOnlyList<int> HalvesAt => [208];

    public override ushort[] ScalePattern(float deviation) => Words(
        [.. Repeat(64, 16), .. Half(deviation / (64 * Deviation(64)))], signsFrom: 8);

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights)
    {
        var lower = block[..128];
        var upper = block[128..192];
        var scales = block[192..208];
        float d = BlockBits.ReadHalf(block[208..]);
        for (int part = 0; part < 16; part++)
        {
            float scale = d * (sbyte)scales[part];
            int run = part / 2;
            for (int i = 0; i < 16; i++)
            {
                int within = (16 * (part % 2)) + i;
                int low = (lower[(64 * (run / 4)) + (32 * (run % 2)) + within] >> (4 * (run / 2 % 2))) & 15;
                weights[(16 * part) + i] = scale * ((low | (BlockBits.Two(upper, part, i) << 4)) - 32);
            }
        }
    }

    protected override void EncodeBlock(ReadOnlySpan<float> weights, Span<byte> block) =>
        EncodeQ6_K.Encode(weights, block);
}

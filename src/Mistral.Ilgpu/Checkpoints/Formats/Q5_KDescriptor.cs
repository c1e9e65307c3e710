using Mistral.Ilgpu.Kernels;
using static Mistral.Ilgpu.Checkpoints.Formats.RandomScales;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Q5_K"/>.</summary>
internal sealed class Q5_KDescriptor : BlockDescriptor<Q5_K>
{
    public override string StoredName => "Q5_K";

    public override uint? GgufType => 13;

    public override uint GgufFileType => 17;

    public override IReadOnlyList<int> HalvesAt => [0, 2];

    public override ushort[] ScalePattern(float deviation) => Words(
        [.. Halves(deviation / (32 * Deviation(32)), 15.5f), .. Repeat(0xA0, 8), .. Repeat(0, 4)], signsTo: 2);

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights) =>
        SixBitPairs.Decode(block, block[16..48], block[48..], weights);
}

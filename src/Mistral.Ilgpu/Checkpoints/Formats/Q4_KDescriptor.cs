using Mistral.Ilgpu.Kernels;
using static Mistral.Ilgpu.Checkpoints.Formats.RandomScales;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Q4_K"/>.</summary>
internal sealed class Q4_KDescriptor : BlockDescriptor<Q4_K>
{
    public override string StoredName => "Q4_K";

    public override uint? GgufType => 12;

    public override uint GgufFileType => 15;

    public override bool IsEncodable => true;

    // The output matrix loses most by four bits.
    public override TensorFormat? OfLogits => TensorFormat.Q6_K;

    public override IReadOnlyList<int> HalvesAt => [0, 2];

    public override ushort[] ScalePattern(float deviation) => Words(
        [.. Halves(deviation / (32 * Deviation(16)), 7.5f), .. Repeat(0xA0, 8), .. Repeat(0, 4)], signsTo: 2);

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights) =>
        SixBitPairs.Decode(block, [], block[16..], weights);

    protected override void EncodeBlock(ReadOnlySpan<float> weights, Span<byte> block) =>
        EncodeQ4_K.Encode(weights, block);
}

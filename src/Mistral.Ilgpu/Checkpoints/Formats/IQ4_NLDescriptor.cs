using Mistral.Ilgpu.Kernels;
using static Mistral.Ilgpu.Checkpoints.Formats.RandomScales;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="IQ4_NL"/>.</summary>
internal sealed class IQ4_NLDescriptor : BlockDescriptor<IQ4_NL>
{
    public override string StoredName => "IQ4_NL";

    public override uint? GgufType => 20;

    public override uint GgufFileType => 25;

    public override ushort[] ScalePattern(float deviation) => One(deviation / UnevenRun.Deviation);

    protected override void DecodeBlock(ReadOnlySpan<byte> block, Span<float> weights) =>
        UnevenRun.Decode(block[2..], BlockBits.ReadHalf(block), weights);
}

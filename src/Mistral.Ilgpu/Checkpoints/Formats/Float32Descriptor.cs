using System.Runtime.InteropServices;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Float32"/>.</summary>
internal sealed class Float32Descriptor() : ElementDescriptor<Float32, float, uint>(0x7FFF_FFFF, 0x7F80_0000)
{
    public override string StoredName => "F32";

    public override uint? GgufType => 0;

    public override uint GgufFileType => 0;

    public override void Decode(ReadOnlySpan<byte> blocks, Span<float> values) =>
        MemoryMarshal.Cast<byte, float>(blocks).CopyTo(values);

    public override void Encode(ReadOnlySpan<float> values, Span<byte> blocks) => MemoryMarshal.AsBytes(values).CopyTo(blocks);
}

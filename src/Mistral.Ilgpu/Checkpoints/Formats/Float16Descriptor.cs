using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Checkpoints.Formats;

/// <summary>See <see cref="Float16"/>.</summary>
internal sealed class Float16Descriptor() : ElementDescriptor<Float16, ushort, ushort>(0x7FFF, 0x7C00)
{
    public override string StoredName => "F16";

    public override uint? GgufType => 1;

    public override uint GgufFileType => 1;

    public override void Decode(ReadOnlySpan<byte> blocks, Span<float> values) =>
        TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(blocks), values);

    public override void Encode(ReadOnlySpan<float> values, Span<byte> blocks) =>
        TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<byte, Half>(blocks));
}

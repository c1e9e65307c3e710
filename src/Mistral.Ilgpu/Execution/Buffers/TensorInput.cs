using ILGPU;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>Room for activations as tensor cores multiply them.</summary>
/// <param name="Packed">In eight bits, for decoded tokens and quantized weights; null where rows are not whole runs.</param>
/// <param name="Rounded">In 16 bits, for tokens of prompts.</param>
internal sealed record TensorInput(PackedInput? Packed, ArrayView<ushort> Rounded)
{
    /// <summary>Device bytes of a row.</summary>
    public static long BytesPerRow(int columns) =>
        (columns % BlockRun.Length == 0 ? columns + (4L * sizeof(float) * columns / BlockRun.Length) : 0)
        + ((long)sizeof(ushort) * Padding.Pad(columns));

    /// <param name="own">Takes what is allocated.</param>
    public static TensorInput Allocate(ComputeDevice device, string name, int rows, int columns, Action<IDisposable> own)
    {
        string purpose = $"the activations '{name}'";
        PackedInput? packed = columns % BlockRun.Length != 0 ? null : new PackedInput(
            Room<uint>((long)rows * columns / sizeof(uint)), Room<Floats4>((long)rows * columns / BlockRun.Length), columns);
        return new TensorInput(packed, Room<ushort>((long)rows * Padding.Pad(columns)));

        ArrayView<T> Room<T>(long length)
            where T : unmanaged
        {
            var buffer = device.Allocate<T>(length, purpose);
            own(buffer);
            return buffer.View;
        }
    }
}

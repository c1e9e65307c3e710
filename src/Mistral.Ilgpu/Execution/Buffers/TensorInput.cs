using ILGPU;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>Buffers for activations in the forms that tensor cores multiply.</summary>
/// <param name="Packed">Eight bits, for decoded tokens and quantized weights; null if rows are not whole runs.</param>
/// <param name="Rounded">16 bits, for tokens of prompts.</param>
internal sealed record TensorInput(PackedInput? Packed, ArrayView<ushort> Rounded)
{
    /// <summary>Device bytes of a row.</summary>
    public static long BytesPerRow(int columns) =>
        (columns % BlockRun.Length == 0 ? columns + (4L * sizeof(float) * columns / BlockRun.Length) : 0)
        + ((long)sizeof(ushort) * Padding.Pad(columns));

    /// <param name="own">Receives each buffer and disposes it.</param>
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

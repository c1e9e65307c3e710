using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>Buffers for eight-bit activations, which products with quantized weights read instead of float32.</summary>
internal static class QuantizedActivations
{
    /// <summary>Whether rows of <paramref name="columns"/> activations can be quantized.</summary>
    public static bool Fit(int columns) => columns % BlockRun.Length == 0;

    /// <summary>Device bytes of a row; 0 if it cannot be quantized.</summary>
    public static long BytesPerRow(int columns) => Fit(columns)
        ? (3L * sizeof(int) * columns / BlockRun.QuadLength) + (4L * sizeof(float) * columns / BlockRun.Length)
        : 0;

    /// <param name="own">Receives each buffer and disposes it.</param>
    /// <returns>Null if rows cannot be quantized.</returns>
    public static Int8Input? Allocate(ComputeDevice device, long rows, int columns, string purpose, Action<IDisposable> own)
    {
        return Fit(columns)
            ? new Int8Input(
                Own(device.Allocate<int>(rows * columns / BlockRun.QuadLength, purpose)).View,
                Own(device.Allocate<int>(2 * rows * columns / BlockRun.QuadLength, purpose)).View,
                Own(device.Allocate<Floats4>(rows * columns / BlockRun.Length, purpose)).View,
                columns)
            : null;

        DeviceBuffer<T> Own<T>(DeviceBuffer<T> buffer)
            where T : unmanaged
        {
            own(buffer);
            return buffer;
        }
    }
}

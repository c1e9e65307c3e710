using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Buffers;

/// <summary>Room for activations in eight bits beside those in float32, where quantized weights may meet them.</summary>
internal static class QuantizedActivations
{
    /// <summary>Whether activations of so many columns can be quantized.</summary>
    public static bool Fit(int columns) => columns % BlockRun.Length == 0;

    /// <summary>Device bytes of a row; none where they cannot be quantized.</summary>
    public static long BytesPerRow(int columns) => Fit(columns)
        ? (3L * sizeof(int) * columns / BlockRun.QuadLength) + (4L * sizeof(float) * columns / BlockRun.Length)
        : 0;

    /// <param name="own">Takes each buffer to dispose of it.</param>
    /// <returns>Null where they cannot be quantized.</returns>
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

using System.Diagnostics;
using ILGPU.Runtime;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Transfers;

/// <summary>
/// The speed at which a device copies from host memory, which is page-locked if that helps. It is the limit for loading a model.
/// </summary>
internal static class HostCopy
{
    private const int LeastBytes = 1 << 20;
    private const int MostBytes = 256 << 20;
    private const int Repetitions = 5;

    /// <summary>Bytes per second; the best of a few runs.</summary>
    public static double Measure(ComputeDevice device)
    {
        int length = (int)Math.Clamp(device.AvailableBytes / 4, LeastBytes, MostBytes);
        byte[] from = GC.AllocateUninitializedArray<byte>(length, pinned: true);
        // Touches the pages, because page faults would take longer than the copy.
        Array.Fill(from, (byte)1);
        using var locked = device.LockPages(from);
        using var to = device.Allocate<byte>(length, "the measurement of copies from the host");
        Time();
        return length / Enumerable.Range(0, Repetitions).Min(_ => Time()).TotalSeconds;

        TimeSpan Time()
        {
            device.Synchronize();
            long begin = Stopwatch.GetTimestamp();
            to.View.CopyFromCPUUnsafeAsync(device.Stream, ref from[0], length);
            device.Synchronize();
            return Stopwatch.GetElapsedTime(begin);
        }
    }
}

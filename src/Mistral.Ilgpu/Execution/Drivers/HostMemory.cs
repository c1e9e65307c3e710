using System.Globalization;

namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>The memory of the host, for devices that compute in it.</summary>
internal static class HostMemory
{
    private const string Linux = "/proc/meminfo";

    /// <summary>Bytes that can be had without swapping. Pages of files count, because the system drops them.</summary>
    public static long FreeBytes()
    {
        var memory = GC.GetGCMemoryInfo();
        // A container may have less than the machine.
        long total = memory.TotalAvailableMemoryBytes;
        long own = Math.Max(0, total - Environment.WorkingSet);
        return Math.Min(own, ReadLinux() ?? (total - memory.MemoryLoadBytes));
    }

    private static long? ReadLinux()
    {
        try
        {
            string? line = File.Exists(Linux)
                ? File.ReadLines(Linux).FirstOrDefault(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal)) : null;
            return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kib, ..]
                && long.TryParse(kib, CultureInfo.InvariantCulture, out long value)
                ? value << 10 : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}

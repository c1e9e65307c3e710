using System.Runtime.InteropServices;
using System.Text;
using ILGPU.Runtime.OpenCL;

namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>
/// Lists the OpenCL drivers of this machine by direct calls, because ILGPU silently leaves out drivers that fail.
/// </summary>
internal static partial class OpenClPlatforms
{
    private const string Pocl = "Portable Computing Language";
    private const ulong AllTypes = 0xFFFFFFFF;
    private const uint PlatformName = 0x0902;
    private const int MostNameBytes = 256;

    /// <summary>A message for each driver that has no device, with the reason.</summary>
    public static unsafe IReadOnlyList<string> WithoutDevices()
    {
        var told = new List<string>();
        try
        {
            if (GetPlatforms(0, null, out uint count) != CLError.CL_SUCCESS || count == 0)
            {
                return told;
            }

            var platforms = new nint[count];
            fixed (nint* first = platforms)
            {
                _ = GetPlatforms(count, first, out _);
            }

            foreach (nint platform in platforms)
            {
                var error = GetDevices(platform, AllTypes, 0, null, out uint devices);
                if (error != CLError.CL_SUCCESS || devices == 0)
                {
                    string name = NameOf(platform);
                    string found = error == CLError.CL_SUCCESS
                        ? "clGetDeviceIDs found none" : OpenClFaults.Failure("clGetDeviceIDs", error);
                    told.Add($"the OpenCL driver {name} has no device: {found}{(name == Pocl ? CacheOfPocl() : "")}");
                }
            }
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            // OpenCL is not installed.
        }

        return told;
    }

    // PoCL starts only if it can write to its cache of compiled kernels.
    private static string CacheOfPocl()
    {
        string folder = Environment.GetEnvironmentVariable("POCL_CACHE_DIR") is { Length: > 0 } own ? own
            : Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
                ? Path.Combine(cache, "pocl", "kcache")
            : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/tmp", ".cache", "pocl", "kcache");
        try
        {
            Directory.CreateDirectory(folder);
            string probe = Path.Combine(folder, $"probe-{Environment.ProcessId}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"; it keeps kernels in {folder}, which cannot be written to: give it another folder with POCL_CACHE_DIR";
        }
    }

    private static unsafe string NameOf(nint platform)
    {
        byte* name = stackalloc byte[MostNameBytes];
        return GetPlatformInfo(platform, PlatformName, MostNameBytes, name, out nuint length) == CLError.CL_SUCCESS && length > 0
            ? Encoding.UTF8.GetString(name, (int)length - 1).Trim()
            : "without a name";
    }

    [LibraryImport("OpenCL", EntryPoint = "clGetPlatformIDs")]
    private static unsafe partial CLError GetPlatforms(uint room, nint* platforms, out uint count);

    [LibraryImport("OpenCL", EntryPoint = "clGetPlatformInfo")]
    private static unsafe partial CLError GetPlatformInfo(
        nint platform, uint name, nuint size, byte* value, out nuint sizeReturned);

    [LibraryImport("OpenCL", EntryPoint = "clGetDeviceIDs")]
    private static unsafe partial CLError GetDevices(nint platform, ulong type, uint room, nint* devices, out uint count);
}

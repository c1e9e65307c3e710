using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;

namespace Mistral.Ilgpu.Execution.Drivers;

/// <summary>Finds the vendors' driver libraries if only their run-time names are installed.</summary>
internal static partial class NativeDrivers
{
    /// <summary>Bytes of a large page.</summary>
    public const int LargePageBytes = 2 << 20;

    private static readonly Lazy<bool> Resolver = new(() =>
    {
        NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, Resolve);
        NativeLibrary.SetDllImportResolver(typeof(NativeDrivers).Assembly, Resolve);
        return true;
    });

    /// <param name="threads">Threads of OpenCL on the CPU. PoCL reads the number from the environment when it starts.</param>
    public static void Prepare(int? threads)
    {
        _ = Resolver.Value;
        if (threads is int count && OperatingSystem.IsLinux())
        {
            // .NET's own setter does not change the environment of native code.
            _ = SetEnv("POCL_MAX_PTHREAD_COUNT", count.ToString(CultureInfo.InvariantCulture), 1);
        }
    }

    /// <summary>
    /// Requests large pages for host memory that is about to be filled, or for a mapped file. They cause fewer page faults and
    /// fewer TLB misses. If the system has none, nothing changes.
    /// </summary>
    public static void PreferLargePages(nint start, long bytes)
    {
        const int HugePages = 14;
        long first = (start + LargePageBytes - 1) / LargePageBytes * LargePageBytes;
        long end = (start + bytes) / LargePageBytes * LargePageBytes;
        if (OperatingSystem.IsLinux() && first < end)
        {
            _ = Advise((nint)first, (nuint)(end - first), HugePages);
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        string[] names = (name, OperatingSystem.IsLinux()) switch
        {
            // Under WSL the library is in a folder that the loader may not search.
            ("cuda", true) => ["libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"],
            ("OpenCL", true) => ["libOpenCL.so.1"],
            _ => [],
        };
        foreach (string each in names)
        {
            if (NativeLibrary.TryLoad(each, out nint handle))
            {
                return handle;
            }
        }

        return 0;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint start, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
